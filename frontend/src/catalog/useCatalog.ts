import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { setCatalog } from "./store";
import type { Catalog } from "./types";

async function fetchCatalog({ signal }: { signal: AbortSignal }): Promise<Catalog> {
  const response = await fetch("/api/catalog", { signal, credentials: "same-origin" });
  if (!response.ok) throw new Error(`GET /api/catalog: ${response.status} ${response.statusText}`);
  return setCatalog((await response.json()) as Catalog);
}

/** The catalog, fetched once per page; the server's ETag makes the next page's fetch an empty one. */
export function useCatalog(): UseQueryResult<Catalog> {
  return useQuery({
    queryKey: ["catalog"],
    queryFn: fetchCatalog,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  });
}
