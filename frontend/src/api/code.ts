import { useMutation, useQuery } from "@tanstack/react-query";
import { answer, api, slowApi } from "./client";
import type { ApiError } from "./errors";
import { keys, queryClient } from "./queryClient";
import { useSession } from "./session";
import type { AppliedCode, Code, DesignSource, Diagnostics } from "./types";

/** What is wrong at a place of a Python text: lines count from 1, columns from 0; -1 means the whole line. */
export interface Fault {
  severity: "error" | "warning";
  line: number;
  column: number;
  message: string;
  expected: string;
  received: string;
  hint: string;
}

const of = (id: string) => ({ params: { path: { design_id: id } } });

/** The design as Python, asked for anew whenever the digest changes; the last one stays until then. */
export function useDesignCode(id: string, digest: string) {
  return useQuery({
    queryKey: keys.code(id, digest),
    queryFn: ({ signal }) =>
      answer(api.POST("/api/designs/{design_id}/code", { ...of(id), signal })) as Promise<DesignSource>,
    enabled: digest !== "",
    placeholderData: (before) => before,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
  });
}

/** What an edited text changes in the design; asking changes nothing. */
export function useReadCode(id: string) {
  return useMutation({
    mutationFn: (edited: { source: string; revision: string }) =>
      answer(
        api.POST("/api/designs/{design_id}/code/apply", { ...of(id), body: edited }),
      ) as Promise<AppliedCode>,
  });
}

const PLACE = /line (\d+)(?:, column (\d+))?/;
const PREFIX = /^Line \d+(?:, column \d+)?: /;

/** The place in a Python text that a refusal names, with its words; null when it names none. */
export function faultOf(error: ApiError): Fault | null {
  const place = PLACE.exec(error.received) ?? PLACE.exec(error.message.toLowerCase());
  if (!place) return null;
  const { expected, received, hint } = error;
  const message = error.message.replace(PREFIX, "");
  const column = Number(place[2] ?? 0) - 1;
  return { severity: "error", line: Number(place[1]), column, message, expected, received, hint };
}

/**
 * Have the server read the pieces of own code: what they add to the catalog, or change in it, and what is wrong with
 * them, by their id. Nothing is executed, and the last answer stays until the next comes.
 */
export function useReadOwnCode(id: string, code: Record<string, Code>) {
  return useQuery({
    queryKey: keys.readCode(id, code),
    queryFn: async ({ signal }) => {
      const body = { code };
      const found = await answer(
        api.POST("/api/designs/{design_id}/own-code/read", { ...of(id), body, signal }),
      );
      const faults = Object.entries(found.faults).map(([piece, told]): [string, Fault[]] => [
        piece,
        told.map((fault) => ({ severity: "error", ...fault, expected: "", received: "" })),
      ]);
      return { specs: found.specs, faults: Object.fromEntries(faults) };
    },
    enabled: Object.keys(code).length > 0,
    placeholderData: (before) => before,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 30_000,
  });
}

/** The pieces of own code that a run executed. */
export function useRunCode(id: string) {
  return useQuery({
    queryKey: keys.runCode(id),
    queryFn: () => answer(api.GET("/api/runs/{run_id}/own-code", { params: { path: { run_id: id } } })),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** Run the design's own code in the sandbox; everybody is told the shapes that it gives. */
export function useRunOwnCode(id: string) {
  return useMutation({
    mutationFn: (signal: AbortSignal) =>
      answer(
        slowApi.POST("/api/designs/{design_id}/own-code/run", { ...of(id), signal }),
      ) as Promise<Diagnostics>,
    onSuccess: (told) => queryClient.setQueryData(keys.diagnostics(id), told),
  });
}

/** What confines the Python that people write on this server. */
export function useSandbox() {
  return useQuery({
    queryKey: keys.sandbox,
    queryFn: () => answer(api.GET("/api/sandbox")),
    staleTime: 5 * 60_000,
  });
}

export type RunBlocked = "viewer" | "permission" | "sandbox";

/** Why this person cannot have Python run here, or null. */
export function useRunBlocked(): RunBlocked | null {
  const session = useSession();
  const sandbox = useSandbox();
  if (!session.data?.workspace) return "viewer";
  if (!session.data.workspace.may_run_code) return "permission";
  return sandbox.data?.tier === "none" ? "sandbox" : null;
}
