import { useEditorView } from "@/actions";
import type { Commands } from "@/document";
import type { Box, Places } from "@/graph/arrange";
import type { LayoutWire } from "@/graph/layout";
import { layOutInWorker } from "@/graph/layoutWorker";
import { announce } from "./state";

const WITHIN_MS = 30_000;
/** So many cards are moved in one frame: a few milliseconds of work. */
const AT_ONCE = 60;

/** Laying out: off the main thread, one at a time, to be cancelled until the last card has moved. */
export class Tidying {
  private running: AbortController | null = null;

  constructor(
    private readonly commands: Commands,
    private readonly element: () => HTMLElement | null,
  ) {}

  start(boxes: readonly Box[], wires: readonly LayoutWire[], onDone: () => void): void {
    this.cancel();
    const running = new AbortController();
    this.running = running;
    useEditorView.setState({ tidying: true });
    const limit = setTimeout(() => running.abort(), WITHIN_MS);
    layOutInWorker(boxes, wires, running.signal)
      .then((places) => this.apply(places, running.signal))
      .then(onDone)
      .catch((error: unknown) => announce(error instanceof Error ? error.message : String(error)))
      .finally(() => {
        clearTimeout(limit);
        if (this.running === running) this.cancel();
      });
  }

  cancel(): void {
    this.running?.abort();
    this.running = null;
    useEditorView.setState({ tidying: false });
  }

  /** Bring a layout into the document: one step of undo, in parts that never hold up a frame for long. */
  private async apply(places: Places, signal: AbortSignal): Promise<void> {
    const entries = Object.entries(places);
    const gesture = `tidy ${performance.now()}`;
    const animated = entries.length <= AT_ONCE;
    if (animated) this.element()?.setAttribute("data-animated", "");
    for (let from = 0; from < entries.length; from += AT_ONCE) {
      await new Promise(requestAnimationFrame);
      if (signal.aborted) throw new DOMException("Tidying was cancelled.", "AbortError");
      this.commands.moveNodes(Object.fromEntries(entries.slice(from, from + AT_ONCE)), gesture);
    }
    if (animated) setTimeout(() => this.element()?.removeAttribute("data-animated"), 400);
  }
}
