import { useMutation, useQuery } from "@tanstack/react-query";
import { type ApiError, errorFromBody, toApiError } from "./errors";
import { keys } from "./queryClient";
import type { Analysis, Edit, LayerReport } from "./types";

/** A class or function that somebody wrote for a design. */
export interface CodePiece {
  kind: string;
  name: string;
  source: string;
}

/** How Python that people write is confined on the server; `none` means that it is not executed at all. */
export interface Sandbox {
  tier: "bubblewrap" | "landlock" | "none";
  reason: string;
}

/** What is wrong at a place of a Python text: lines count from 1, columns from 0. */
export interface Fault {
  line: number;
  column: number;
  message: string;
  expected: string;
  received: string;
  hint: string;
}

export interface DesignSource {
  source: string;
  /** Names this state of the source. */
  revision: string;
  /** First and last line of what stands for a node, counted from 1, both included. */
  nodes: Record<string, { first: number; last: number }>;
}

export interface AppliedCode {
  edits: Edit[];
  layers: LayerReport[];
}

async function ask<T>(path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      method: "POST",
      signal,
      credentials: "same-origin",
      headers: body === undefined ? {} : { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (thrown) {
    throw signal?.aborted ? thrown : toApiError(thrown);
  }
  const answered: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw errorFromBody(response.status, answered);
  return answered as T;
}

const design = (id: string) => `/api/designs/${encodeURIComponent(id)}`;

/** The design as Python, asked for anew whenever the digest changes; the last one stays until then. */
export function useDesignCode(id: string, digest: string) {
  return useQuery({
    queryKey: keys.code(id, digest),
    queryFn: ({ signal }) => ask<DesignSource>(`${design(id)}/code`, undefined, signal),
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
      ask<AppliedCode>(`${design(id)}/code/apply`, edited),
  });
}

const PLACE = /line (\d+)(?:, column (\d+))?/;

/** The place in a Python text that a refusal names, with its words; null when it names none. */
export function faultOf(error: ApiError): Fault | null {
  const place = PLACE.exec(error.received) ?? PLACE.exec(error.message);
  if (!place) return null;
  const { message, expected, received, hint } = error;
  return { line: Number(place[1]), column: Number(place[2] ?? 1) - 1, message, expected, received, hint };
}

/** Faults of a piece of own code that can be seen by reading it. */
export function useLintCode(piece: CodePiece | undefined) {
  return useQuery({
    queryKey: ["code faults", piece?.kind, piece?.name, piece?.source],
    queryFn: ({ signal }) => ask<{ faults: Fault[] }>("/api/code/faults", piece, signal),
    enabled: piece !== undefined,
    placeholderData: (before) => before,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
  });
}

/** Run the design's own code in the sandbox; what it gives comes with the diagnostics. */
export function useCheckCode(id: string) {
  return useMutation({
    mutationFn: (signal: AbortSignal) => ask<Analysis>(`${design(id)}/code/check`, {}, signal),
  });
}

export function useSandbox() {
  return useQuery({
    queryKey: ["sandbox"],
    queryFn: async () => {
      const response = await fetch("/api/sandbox", { credentials: "same-origin" });
      if (!response.ok) throw errorFromBody(response.status, await response.json().catch(() => undefined));
      return (await response.json()) as Sandbox;
    },
    staleTime: 5 * 60_000,
  });
}
