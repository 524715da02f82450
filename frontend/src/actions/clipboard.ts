import { copyFragment, FRAGMENT_TYPE, type Fragment, parseFragment, TOP } from "@/document";
import type { ActionContext } from "./context";
import { select } from "./selection";

let pastedText = "";
let repeats = 0;
const STEP = 28;

function selectedText({ design, selection }: ActionContext): string | null {
  const fragment = copyFragment(design.snapshot.content, selection.nodes);
  return Object.keys(fragment.nodes).length > 0 ? JSON.stringify(fragment) : null;
}

/** Answer a copy or cut event of the browser with the selected nodes, as text that any tab can read. */
export function onCopy(event: ClipboardEvent, context: ActionContext): void {
  const text = selectedText(context);
  if (!text) return;
  event.clipboardData?.setData(FRAGMENT_TYPE, text);
  event.clipboardData?.setData("text/plain", text);
  event.preventDefault();
  if (event.type === "cut") cutSelected(context);
}

export function onPaste(event: ClipboardEvent, context: ActionContext): void {
  const data = event.clipboardData;
  const fragment = parseFragment(data?.getData(FRAGMENT_TYPE) || data?.getData("text/plain") || "");
  if (!fragment) return;
  event.preventDefault();
  pasteFragment(fragment, context);
}

/** The same from a menu, where there is no event to answer. */
export async function copySelected(context: ActionContext): Promise<boolean> {
  const text = selectedText(context);
  if (!text) return false;
  await navigator.clipboard.writeText(text);
  return true;
}

export async function pasteFromClipboard(context: ActionContext): Promise<void> {
  const fragment = parseFragment(await navigator.clipboard.readText());
  if (fragment) pasteFragment(fragment, context);
  else context.host.notify("nothingToPaste");
}

export function cutSelected({ design, selection }: ActionContext): void {
  design.commands.deleteNodes(selection.nodes);
  select([]);
}

/** Put the copy in the middle of the view; the same copy again a little beside the last one. */
function pasteFragment(fragment: Fragment, { design, canvas, graph }: ActionContext): void {
  const text = JSON.stringify(fragment);
  repeats = text === pastedText ? repeats + 1 : 0;
  pastedText = text;
  const nodes = Object.values(fragment.nodes).filter((node) => node.graph === TOP);
  if (nodes.length === 0) return;
  const middle = {
    x: (Math.min(...nodes.map((node) => node.x)) + Math.max(...nodes.map((node) => node.x)) + 220) / 2,
    y: (Math.min(...nodes.map((node) => node.y)) + Math.max(...nodes.map((node) => node.y)) + 58) / 2,
  };
  const at = canvas?.middle() ?? middle;
  const shift = repeats * STEP;
  const ids = design.commands.paste(
    fragment,
    Math.round(at.x - middle.x) + shift,
    Math.round(at.y - middle.y) + shift,
    graph,
  );
  select(ids);
}
