import { useEffect, useRef, useState } from "react";
import { type ApiError, toApiError } from "@/api/errors";
import { type ExportFormat, fetchBundle, type Proof } from "@/api/exports";
import { readZip, type ZipEntry } from "@/lib/zip";

export interface Exported {
  bundle: Blob;
  file: ZipEntry;
  proof: Proof;
}

export type ExportState =
  | { state: "idle" }
  | { state: "working"; since: number }
  | { state: "done"; exported: Exported }
  | { state: "failed"; error: ApiError };

/** The file and its proof out of a bundle. */
export async function openBundle(bundle: Blob): Promise<Exported> {
  const entries = await readZip(bundle);
  const told = entries.find((entry) => entry.name === "proof.json");
  const proof = told && (JSON.parse(await (await told.read()).text()) as Proof);
  const file = proof && entries.find((entry) => entry.name === proof.file);
  if (!proof || !file) throw new RangeError("The bundle holds no file with its proof.");
  return { bundle, file, proof };
}

/** One export at a time: started, awaited, cancelled. */
export function useExport(designId: string) {
  const [now, setNow] = useState<ExportState>({ state: "idle" });
  const stop = useRef<AbortController | null>(null);
  useEffect(() => () => stop.current?.abort(), []);

  const cancel = () => {
    stop.current?.abort();
    stop.current = null;
    setNow({ state: "idle" });
  };
  const start = (format: ExportFormat, run: string | null) => {
    stop.current?.abort();
    const control = new AbortController();
    stop.current = control;
    setNow({ state: "working", since: Date.now() });
    fetchBundle(designId, format, run, control.signal)
      .then(openBundle)
      .then(
        (exported) => !control.signal.aborted && setNow({ state: "done", exported }),
        (thrown) => !control.signal.aborted && setNow({ state: "failed", error: toApiError(thrown) }),
      );
  };
  return { now, start, cancel };
}
