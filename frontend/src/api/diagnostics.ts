import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { answer, api } from "./client";
import { keys, queryClient } from "./queryClient";
import { openSocket } from "./sockets";
import type { Analysis, Diagnostics, NodeAnalysis } from "./types";

export interface DiagnosticsView {
  digest: string;
  analysis: Analysis | null;
  analyzing: boolean;
  /** What Keras says of each node, by node id. */
  byNode: ReadonlyMap<string, NodeAnalysis>;
}

const NOTHING: DiagnosticsView = { digest: "", analysis: null, analyzing: true, byNode: new Map() };

/** While an analysis runs, the last known shapes stay on the wires. */
function keepShapes(before: unknown, next: unknown): Diagnostics {
  const known = (before as Diagnostics | undefined)?.analysis;
  const told = next as Diagnostics;
  return told.analysis === null && known ? { ...told, analysis: known } : told;
}

const watched = new Map<string, { watchers: number; close: () => void }>();

/** Have one socket per design open while anything on the page shows its diagnostics. */
function watch(designId: string): () => void {
  const socket = watched.get(designId) ?? {
    watchers: 0,
    close: openSocket({
      path: () => `/api/designs/${encodeURIComponent(designId)}/diagnostics`,
      onMessage: (message) => {
        queryClient.setQueryData<Diagnostics>(keys.diagnostics(designId), (before) =>
          keepShapes(before, message),
        );
      },
    }),
  };
  socket.watchers += 1;
  watched.set(designId, socket);
  return () => {
    socket.watchers -= 1;
    if (socket.watchers > 0) return;
    watched.delete(designId);
    socket.close();
  };
}

/** Shapes, counts and problems of a design, pushed by the server at every change. */
export function useDiagnostics(designId: string): DiagnosticsView {
  const key = keys.diagnostics(designId);
  const { data } = useQuery({
    queryKey: key,
    queryFn: () =>
      answer(api.GET("/api/designs/{design_id}/diagnostics", { params: { path: { design_id: designId } } })),
    staleTime: Number.POSITIVE_INFINITY,
    structuralSharing: keepShapes,
  });

  useEffect(() => watch(designId), [designId]);

  return useMemo(() => {
    if (!data) return NOTHING;
    const byNode = new Map(data.analysis?.nodes.map((node) => [node.id, node]));
    return { digest: data.digest, analysis: data.analysis, analyzing: data.analyzing, byNode };
  }, [data]);
}
