import ElkApi from "elkjs/lib/elk-api";
import workerAddress from "elkjs/lib/elk-worker.min.js?url";
import type { Box, Places } from "./arrange";
import { type LayoutWire, layOut } from "./layout";

/** Lay out off the main thread. Aborting `signal` ends the worker at once and rejects with its reason. */
export function layOutInWorker(
  boxes: readonly Box[],
  wires: readonly LayoutWire[],
  signal: AbortSignal,
): Promise<Places> {
  const elk = new ElkApi({ workerFactory: () => new Worker(workerAddress) });
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
  return Promise.race([layOut(elk, boxes, wires), aborted]).finally(() => elk.terminateWorker());
}
