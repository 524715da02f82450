import { useMutation, useQuery } from "@tanstack/react-query";
import { answer, api } from "./client";
import { keys, queryClient } from "./queryClient";
import { useIsVisitor } from "./session";
import type { WeightsFile } from "./types";
import { uploadFile } from "./upload";

/** The weights files and word vectors of the workspace, the newest first. Visitors get none. */
export function useWeightsFiles(enabled = true) {
  const visitor = useIsVisitor();
  return useQuery({
    queryKey: keys.weights,
    queryFn: () => answer(api.GET("/api/weights")) as Promise<WeightsFile[]>,
    enabled: enabled && !visitor,
  });
}

export function useUploadWeights() {
  return useMutation({
    mutationFn: (upload: { file: File; onProgress: (done: number) => void; signal: AbortSignal }) =>
      uploadFile<WeightsFile>("/api/weights/uploads", upload.file, upload.onProgress, upload.signal),
    onSuccess: () => void queryClient.invalidateQueries({ queryKey: keys.weights }),
  });
}

/** Which layers would keep values and which would start afresh, were the design trained as it is now. */
export function useWeightsStart(id: string, digest: string, enabled = true) {
  return useQuery({
    queryKey: keys.weightsStart(id, digest),
    queryFn: () =>
      answer(api.GET("/api/designs/{design_id}/weights", { params: { path: { design_id: id } } })),
    enabled: enabled && digest !== "",
    placeholderData: (before) => before,
  });
}

/** The layers of a run, by the path of their names. */
export function useRunLayers(run: string, enabled = true) {
  return useQuery({
    queryKey: keys.runLayers(run),
    queryFn: () => answer(api.GET("/api/runs/{run_id}/layers", { params: { path: { run_id: run } } })),
    enabled,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** The designs that name a weights file. */
export function useWeightsUsers(file: string) {
  return useQuery({
    queryKey: keys.weightsUsers(file),
    queryFn: () => answer(api.GET("/api/weights/{file_id}/designs", { params: { path: { file_id: file } } })),
    gcTime: 0,
  });
}

export function useDeleteWeights() {
  return useMutation({
    mutationFn: (file: string) =>
      answer(api.DELETE("/api/weights/{file_id}", { params: { path: { file_id: file } } })),
    onSuccess: () => void queryClient.invalidateQueries({ queryKey: keys.weights }),
  });
}
