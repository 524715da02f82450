import { errorFromBody, toApiError } from "./errors";

/** What the server writes a design as; `design` is the design file itself. */
export type ExportFormat =
  | "keras"
  | "h5"
  | "weights"
  | "json"
  | "python"
  | "notebook"
  | "savedmodel"
  | "onnx"
  | "litert"
  | "summary"
  | "plot_png"
  | "plot_svg"
  | "design";

/** What was compared after an exported file was read back: `proof.json` of its bundle. */
export interface Proof {
  format: ExportFormat;
  file: string;
  bytes: number;
  sha256: string;
  read_by: string;
  samples: number;
  rtol: number;
  atol: number;
  outputs: { name: string; shape: number[]; dtype: string; largest_difference: number }[];
  parameters: number | null;
  trainable_parameters: number | null;
  trained: boolean;
  notes: string[];
  versions: Record<string, string>;
}

/** Where the browser downloads a design from; `run` adds that run's trained weights, `bundle` what was compared. */
export function exportAddress(
  id: string,
  format: ExportFormat,
  options: { run?: string | null; bundle?: boolean } = {},
): string {
  const search = new URLSearchParams({ format });
  if (options.run) search.set("run", options.run);
  if (options.bundle) search.set("bundle", "true");
  return `/api/designs/${encodeURIComponent(id)}/export?${search}`;
}

/** Have the server write and compare a file; `signal` ends the wait. Answers the bundle, a zip. */
export async function fetchBundle(
  id: string,
  format: ExportFormat,
  run: string | null,
  signal: AbortSignal,
): Promise<Blob> {
  const address = exportAddress(id, format, { run, bundle: true });
  try {
    const response = await fetch(address, { signal, credentials: "same-origin" });
    if (response.ok) return await response.blob();
    throw errorFromBody(response.status, await response.json().catch(() => undefined));
  } catch (thrown) {
    throw signal.aborted ? thrown : toApiError(thrown);
  }
}
