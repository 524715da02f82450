import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "./errors";

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (failures, error) =>
        failures < 2 && error instanceof ApiError && (error.status === 0 || error.status >= 500),
    },
    mutations: { retry: false },
  },
});

/** The cache keys, in one place. */
export const keys = {
  session: ["session"] as const,
  people: ["people"] as const,
  catalog: ["catalog"] as const,
  templates: ["templates"] as const,
  designs: ["designs"] as const,
  latestRuns: ["designs", "latest runs"] as const,
  design: (id: string) => ["design", id] as const,
  diagnostics: (id: string) => ["design", id, "diagnostics"] as const,
  code: (id: string, digest: string) => ["design", id, "code", digest] as const,
  readCode: (id: string, code: object) => ["design", id, "read code", code] as const,
  weights: ["weights"] as const,
  weightsUsers: (file: string) => ["weights", file, "designs"] as const,
  runLayers: (run: string) => ["run", run, "layers"] as const,
  weightsStart: (id: string, digest: string) => ["design", id, "weights", digest] as const,
  runCode: (id: string) => ["run", id, "own code"] as const,
  sandbox: ["sandbox"] as const,
  versions: (id: string) => ["design", id, "versions"] as const,
  shares: (id: string) => ["design", id, "shares"] as const,
  runs: (id: string) => ["design", id, "runs"] as const,
  preflight: (id: string) => ["design", id, "preflight"] as const,
  run: (id: string) => ["run", id] as const,
  datasets: ["datasets"] as const,
  dataset: (name: string) => ["dataset", name, "description"] as const,
  datasetOptions: (name: string) => ["dataset", name, "options"] as const,
};
