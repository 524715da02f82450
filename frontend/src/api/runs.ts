import { useMutation, useQuery } from "@tanstack/react-query";
import { answer, api, slowApi } from "./client";
import { keys, queryClient } from "./queryClient";
import { openSocket } from "./sockets";
import type {
  Command,
  EventPage,
  Preflight,
  RunDetail,
  RunEvent,
  RunSocketMessage,
  RunState,
  RunSummary,
  SeriesAnswer,
} from "./types";

const path = (id: string) => `/api/runs/${encodeURIComponent(id)}`;
const of = (id: string) => ({ params: { path: { run_id: id } } });
const ofDesign = (id: string) => ({ params: { path: { design_id: id } } });

const ENDED: ReadonlySet<RunState> = new Set(["stopped", "finished", "failed", "lost"]);

/** True when nothing more will come from a run in this state. */
export function hasEnded(state: RunState): boolean {
  return ENDED.has(state);
}

/** True when the run left a trained model behind. */
export function hasWeights({ state }: RunSummary): boolean {
  return state === "finished" || state === "stopped";
}

/** The runs of a design, newest first; asked again every few seconds while one of them is going. */
export function useRuns(designId: string) {
  return useQuery({
    queryKey: keys.runs(designId),
    queryFn: () => answer(api.GET("/api/designs/{design_id}/runs", ofDesign(designId))),
    refetchInterval: (query) => (query.state.data?.some((run) => !hasEnded(run.state)) ? 5_000 : false),
  });
}

/** The newest run of each design that one may see; asked again every few seconds while one of them is going. */
export function useLatestRuns() {
  return useQuery({
    queryKey: keys.latestRuns,
    queryFn: () => answer(api.GET("/api/runs/latest")),
    refetchInterval: (query) => (query.state.data?.some((run) => !hasEnded(run.state)) ? 5_000 : false),
  });
}

export function fetchRun(id: string): Promise<RunDetail> {
  return answer(api.GET("/api/runs/{run_id}", of(id))) as Promise<RunDetail>;
}

export function useRun(id: string | null) {
  return useQuery({
    queryKey: keys.run(id ?? ""),
    queryFn: () => fetchRun(id ?? ""),
    enabled: id !== null,
    // The socket tells at once; this is for the case that it cannot be opened.
    refetchInterval: ({ state }) => (state.data && !hasEnded(state.data.state) ? 10_000 : false),
  });
}

/** What does not fit between a design, its training settings and its data. */
export function usePreflight(designId: string, digest: string, enabled = true) {
  return useQuery({
    queryKey: [...keys.preflight(designId), digest],
    queryFn: () =>
      answer(api.GET("/api/designs/{design_id}/preflight", ofDesign(designId))) as Promise<Preflight>,
    enabled,
    placeholderData: (before) => before,
  });
}

export function useStartRun(designId: string) {
  return useMutation({
    mutationFn: () =>
      answer(slowApi.POST("/api/designs/{design_id}/runs", ofDesign(designId))) as Promise<RunDetail>,
    onSuccess: (run) => {
      queryClient.setQueryData(keys.run(run.id), run);
      void queryClient.invalidateQueries({ queryKey: keys.runs(designId) });
    },
  });
}

export function useCommandRun(id: string) {
  return useMutation({
    mutationFn: (command: Command) =>
      answer(api.POST("/api/runs/{run_id}/commands", { ...of(id), body: command })),
    onSuccess: () => void queryClient.invalidateQueries({ queryKey: keys.run(id) }),
  });
}

export function useRenameRun(designId: string) {
  return useMutation({
    mutationFn: ({ id, name }: { id: string; name: string }) =>
      answer(api.PATCH("/api/runs/{run_id}", { ...of(id), body: { name } })),
    onSuccess: (_, { id }) => {
      void queryClient.invalidateQueries({ queryKey: keys.run(id) });
      void queryClient.invalidateQueries({ queryKey: keys.runs(designId) });
    },
  });
}

export function useDeleteRun(designId: string) {
  return useMutation({
    mutationFn: (id: string) => answer(api.DELETE("/api/runs/{run_id}", of(id))),
    onSuccess: () => void queryClient.invalidateQueries({ queryKey: keys.runs(designId) }),
  });
}

export interface SeriesQuestion {
  metrics: string[];
  by: "batch" | "epoch";
  points?: number;
  start?: number;
  end?: number;
}

/** The curves of a run, thinned by the server to `points` with their minimum and maximum. */
export function fetchSeries(id: string, question: SeriesQuestion): Promise<SeriesAnswer> {
  const { metrics, by, points, start, end } = question;
  const query = { metric: metrics, by, points, start, end };
  return answer(api.GET("/api/runs/{run_id}/series", { params: { path: { run_id: id }, query } }));
}

export function fetchEvents(id: string, after: number, limit = 1000): Promise<EventPage> {
  const query = { after, limit };
  return answer(
    api.GET("/api/runs/{run_id}/events", { params: { path: { run_id: id }, query } }),
  ) as Promise<EventPage>;
}

export function artifactAddress(id: string, name: string): string {
  return `${path(id)}/artifacts/${encodeURIComponent(name)}`;
}

/** Keeps what is new: events come at least once and in order, and each is to be used once. */
export function takeNew(events: RunEvent[], lastSeq: number): RunEvent[] {
  let highest = lastSeq;
  return events.filter((event) => {
    if (event.seq <= highest) return false;
    highest = event.seq;
    return true;
  });
}

/** Follow a run's events after `after`, across lost connections; returns the way to stop. */
export function followRun(
  id: string,
  after: number,
  onEvents: (events: RunEvent[]) => void,
  options: {
    onRun?: (run: RunDetail) => void;
    onLost?: (final: boolean) => void;
    onOpen?: () => void;
    connect?: (address: string) => WebSocket;
  } = {},
): () => void {
  let lastSeq = after;
  return openSocket({
    path: () => `${path(id)}/events?after=${lastSeq}`,
    connect: options.connect,
    onOpen: options.onOpen,
    onLost: (_, final) => options.onLost?.(final),
    onMessage: (message) => {
      const received = message as RunSocketMessage;
      if (received.type === "run") {
        queryClient.setQueryData(keys.run(received.run.id), received.run);
        options.onRun?.(received.run);
        return;
      }
      const fresh = takeNew(received.events, lastSeq);
      lastSeq = fresh.at(-1)?.seq ?? lastSeq;
      if (fresh.length > 0) onEvents(fresh);
    },
  });
}
