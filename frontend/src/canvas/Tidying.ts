import { useEditorView } from "@/actions";
import type { Commands } from "@/document";
import type { Box, Places } from "@/graph/arrange";
import type { LayoutWire } from "@/graph/layout";
import { layOutInWorker } from "@/graph/layoutWorker";
import type { Surroundings } from "./CanvasControl";
import { announce } from "./state";

const WITHIN_MS = 30_000;
/** So many cards are moved in one frame: a few milliseconds of work. */
const AT_ONCE = 60;

/** Laying out: off the main thread, one at a time, to be cancelled until the last card has moved. */
export class Tidying {
  private running: AbortController | null = null;

  constructor(
    private readonly commands: Commands,
    private readonly around: Pick<Surroundings, "element" | "say" | "tell">,
  ) {}

  start(boxes: readonly Box[], wires: readonly LayoutWire[], onDone: () => void): void {
    this.cancel();
    const running = new AbortController();
    this.running = running;
    useEditorView.setState({ tidying: true });
    const late = () => running.abort(new Error(this.around.say("tidyingLate")));
    const limit = setTimeout(late, WITHIN_MS);
    layOutInWorker(boxes, wires, running.signal)
      .then((places) => this.apply(places, running.signal))
      .then(onDone)
      .catch((error: unknown) => this.failed(error))
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

  private failed(error: unknown): void {
    if (error instanceof DOMException && error.name === "AbortError") {
      announce(this.around.say("announce.tidyCancelled"));
    } else this.around.tell(error instanceof Error ? error.message : String(error));
  }

  /** Bring a layout into the document: one step of undo, in parts that never hold up a frame for long. */
  private async apply(places: Places, signal: AbortSignal): Promise<void> {
    const entries = Object.entries(places);
    const gesture = `tidy ${performance.now()}`;
    const animated = entries.length <= AT_ONCE;
    if (animated) this.around.element()?.setAttribute("data-animated", "");
    for (let from = 0; from < entries.length; from += AT_ONCE) {
      await new Promise(requestAnimationFrame);
      signal.throwIfAborted();
      this.commands.moveNodes(Object.fromEntries(entries.slice(from, from + AT_ONCE)), gesture);
    }
    if (animated) setTimeout(() => this.around.element()?.removeAttribute("data-animated"), 400);
  }
}
