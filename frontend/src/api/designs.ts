import { useMutation, useQuery } from "@tanstack/react-query";
import type { paths } from "@/generated/api";
import { answer, api } from "./client";
import { keys, queryClient } from "./queryClient";
import type { DesignSummary, Edit, GraphDocument, ImportedDesign, Template } from "./types";
import { uploadFile } from "./upload";

const of = (id: string) => ({ params: { path: { design_id: id } } });
const ofVersion = (id: string, version: string) => ({
  params: { path: { design_id: id, version_id: version } },
});

function refreshDesigns(): void {
  void queryClient.invalidateQueries({ queryKey: keys.designs });
}

/** Every design that one may see, own and shared. */
export function useDesigns() {
  return useQuery({
    queryKey: keys.designs,
    queryFn: () => answer(api.GET("/api/designs")) as Promise<DesignSummary[]>,
  });
}

export function useDesign(id: string) {
  return useQuery({
    queryKey: keys.design(id),
    queryFn: () => answer(api.GET("/api/designs/{design_id}", of(id))),
  });
}

export function useTemplates(enabled = true) {
  return useQuery({
    queryKey: keys.templates,
    queryFn: () => answer(api.GET("/api/templates")) as Promise<Template[]>,
    staleTime: Number.POSITIVE_INFINITY,
    enabled,
  });
}

/** What becomes one layer of a design: another design as it is now, or as a run trained it, with the run's weights. */
export type Insertion = { design_id: string } | { run_id: string };

/** The edits that insert it into the design `id`, and the node that they make; nothing is changed by asking. */
export function readInsertion(
  id: string,
  insertion: Insertion & { graph: string; x: number; y: number; trainable: boolean },
): Promise<{ edits: Edit[]; node: string }> {
  return answer(api.POST("/api/designs/{design_id}/insertions", { ...of(id), body: insertion }));
}

export interface NewDesign {
  name?: string;
  template?: string;
  document?: GraphDocument;
}

export function useCreateDesign() {
  return useMutation({
    mutationFn: (body: NewDesign) => answer(api.POST("/api/designs", { body })),
    onSuccess: refreshDesigns,
  });
}

export function useRenameDesign() {
  return useMutation({
    mutationFn: ({ id, name }: { id: string; name: string }) =>
      answer(api.PATCH("/api/designs/{design_id}", { ...of(id), body: { name } })),
    onSuccess: (_, { id }) => {
      refreshDesigns();
      void queryClient.invalidateQueries({ queryKey: keys.design(id), exact: true });
    },
  });
}

export function useDuplicateDesign() {
  return useMutation({
    mutationFn: (id: string) => answer(api.POST("/api/designs/{design_id}/duplicate", of(id))),
    onSuccess: refreshDesigns,
  });
}

export function useDeleteDesign() {
  return useMutation({
    mutationFn: (id: string) => answer(api.DELETE("/api/designs/{design_id}", of(id))),
    onSuccess: refreshDesigns,
  });
}

export function useUndeleteDesign() {
  return useMutation({
    mutationFn: (id: string) => answer(api.POST("/api/designs/{design_id}/undelete", of(id))),
    onSuccess: refreshDesigns,
  });
}

interface Upload {
  file: File;
  onProgress: (done: number) => void;
  signal?: AbortSignal;
}

const IMPORT_DOOR: keyof paths = "/api/designs/import";
const RUN_DOOR: keyof paths = "/api/designs/import/run";

/** Make a design of a file; with `run`, by running a script in the sandbox. */
export function useImportDesign() {
  return useMutation({
    mutationFn: ({ file, onProgress, signal, run }: Upload & { run: boolean }) =>
      uploadFile<ImportedDesign>(run ? RUN_DOOR : IMPORT_DOOR, file, onProgress, signal),
    onSuccess: refreshDesigns,
  });
}

export function useVersions(id: string, enabled = true) {
  return useQuery({
    queryKey: keys.versions(id),
    queryFn: () => answer(api.GET("/api/designs/{design_id}/versions", of(id))),
    enabled,
  });
}

export function useVersionDocument(id: string, version: string | null) {
  return useQuery({
    queryKey: [...keys.versions(id), version],
    queryFn: () =>
      answer(
        api.GET("/api/designs/{design_id}/versions/{version_id}/document", ofVersion(id, version ?? "")),
      ),
    enabled: version !== null,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function useSaveVersion(id: string) {
  return useMutation({
    mutationFn: (name: string) =>
      answer(api.POST("/api/designs/{design_id}/versions", { ...of(id), body: { name } })),
    onSuccess: () => void queryClient.invalidateQueries({ queryKey: keys.versions(id) }),
  });
}

export function useRestoreVersion(id: string) {
  return useMutation({
    mutationFn: (version: string) =>
      answer(api.POST("/api/designs/{design_id}/versions/{version_id}/restore", ofVersion(id, version))),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: keys.design(id) });
      refreshDesigns();
    },
  });
}
