import { useMutation, useQuery } from "@tanstack/react-query";
import { answer, api } from "./client";
import { keys, queryClient } from "./queryClient";
import type { WeightsFile } from "./types";
import { uploadFile } from "./upload";

/** The weights files and word vectors of the workspace, the newest first. */
export function useWeightsFiles(enabled = true) {
  return useQuery({
    queryKey: keys.weights,
    queryFn: () => answer(api.GET("/api/weights")) as Promise<WeightsFile[]>,
    enabled,
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
