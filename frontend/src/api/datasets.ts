import { useMutation, useQuery } from "@tanstack/react-query";
import { answer, api } from "./client";
import { keys, queryClient } from "./queryClient";
import { useIsVisitor } from "./session";
import type { CsvOptions, DatasetDescription, UploadedTable } from "./types";
import { uploadFile } from "./upload";

const of = (name: string) => ({ params: { path: { name } } });

/** Every data set that a design may be trained on: bundled, Keras' own, uploaded. Visitors get none. */
export function useDatasets() {
  const enabled = !useIsVisitor();
  return useQuery({ queryKey: keys.datasets, queryFn: () => answer(api.GET("/api/datasets")), enabled });
}

/** What a data set holds: counts, columns, a preview and the label histogram. Visitors are not told. */
export function useDatasetDescription(name: string | null, enabled = true) {
  const visitor = useIsVisitor();
  return useQuery({
    queryKey: keys.dataset(name ?? ""),
    queryFn: () =>
      answer(api.GET("/api/datasets/{name}/description", of(name ?? ""))) as Promise<DatasetDescription>,
    enabled: enabled && !visitor && name !== null,
    staleTime: 5 * 60_000,
  });
}

export function useUploadTable() {
  return useMutation({
    mutationFn: ({ file, onProgress }: { file: File; onProgress: (done: number) => void }) =>
      uploadFile<UploadedTable>("/api/datasets/uploads", file, onProgress),
    onSuccess: () => void queryClient.invalidateQueries({ queryKey: keys.datasets }),
  });
}

export function useTableOptions(name: string, enabled = true) {
  return useQuery({
    queryKey: keys.datasetOptions(name),
    queryFn: () => answer(api.GET("/api/datasets/{name}/options", of(name))),
    enabled,
  });
}

export function useSaveTableOptions(name: string) {
  return useMutation({
    mutationFn: (options: CsvOptions) =>
      answer(api.PUT("/api/datasets/{name}/options", { ...of(name), body: options })),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: ["dataset", name] });
      void queryClient.invalidateQueries({ queryKey: keys.datasets });
    },
  });
}

export function useDeleteDataset() {
  return useMutation({
    mutationFn: (name: string) => answer(api.DELETE("/api/datasets/{name}", of(name))),
    onSuccess: () => void queryClient.invalidateQueries({ queryKey: keys.datasets }),
  });
}
