import {
  type Icon,
  IconAdjustments,
  IconArrowBackUp,
  IconArrowForwardUp,
  IconArrowsMaximize,
  IconBoxMultiple,
  IconClipboard,
  IconCopy,
  IconCopyPlus,
  IconCut,
  IconFileTypePng,
  IconFileTypeSvg,
  IconFlame,
  IconFocus2,
  IconFolderOpen,
  IconHierarchy2,
  IconHistory,
  IconKeyboard,
  IconLayoutAlignBottom,
  IconLayoutAlignCenter,
  IconLayoutAlignLeft,
  IconLayoutAlignMiddle,
  IconLayoutAlignRight,
  IconLayoutAlignTop,
  IconLayoutDistributeHorizontal,
  IconLayoutDistributeVertical,
  IconLink,
  IconListCheck,
  IconPackage,
  IconPackageOff,
  IconPlayerPlay,
  IconPlugConnected,
  IconPlus,
  IconSearch,
  IconSelectAll,
  IconShare2,
  IconSnowflake,
  IconStack2,
  IconStackPop,
  IconSunMoon,
  IconTimeline,
  IconTrash,
  IconWand,
  IconX,
  IconZoomIn,
  IconZoomOut,
} from "@tabler/icons-react";
import { layerSpec } from "@/catalog";
import { canUnpack, graphInside, isEnd, nodesIn, TOP } from "@/document";
import { type Alignment, align, distribute } from "@/graph/arrange";
import { copySelected, cutSelected, pasteFromClipboard } from "./clipboard";
import type { ActionContext } from "./context";
import { showPanel, useEditorView } from "./editorView";
import { openInside } from "./openGraph";
import { select } from "./selection";

export type ActionGroup = "edit" | "arrange" | "view" | "build" | "design";

interface ActionSpec {
  group: ActionGroup;
  icon: Icon;
  /** `mod` is Ctrl, or Cmd on a Mac: `mod+shift+z`. */
  shortcut?: string;
  /** The browser itself raises an event for these keys (copy, cut, paste). */
  native?: boolean;
  /** Left out of menus where it is not enabled. */
  hidden?: boolean;
  enabled: (context: ActionContext) => boolean;
  run: (context: ActionContext) => void;
}

const always = () => true;
const canEdit = ({ design }: ActionContext) => design.status.canEdit;
const hasNodes = ({ selection }: ActionContext) => selection.nodes.length > 0;
const editsNodes = (context: ActionContext) => canEdit(context) && hasNodes(context);
const shownIds = ({ design, graph }: ActionContext) =>
  Object.keys(nodesIn(design.snapshot.content.nodes, graph));
const isEmpty = (context: ActionContext) => shownIds(context).length === 0;
const onlyNode = ({ selection }: ActionContext) =>
  selection.nodes.length === 1 ? selection.nodes[0] : undefined;

/** The selected layers that have weights to train, by whether they are trained now. */
function layersTrained({ design, selection }: ActionContext, trained: boolean): string[] {
  const { nodes, layers } = design.snapshot.content;
  const ids = new Set(selection.nodes.flatMap((id) => nodes[id]?.layer ?? []));
  return [...ids].filter((id) => {
    const layer = layers[id];
    const spec = layer && layerSpec(layer.class_name);
    const known = spec?.params?.some((param) => param.name === "trainable");
    return layer && known && (layer.params.trainable !== false) === trained;
  });
}

function training(icon: Icon, trained: boolean): ActionSpec {
  return {
    group: "build",
    icon,
    shortcut: trained ? "f" : "shift+f",
    hidden: true,
    enabled: (context) => canEdit(context) && layersTrained(context, trained).length > 0,
    run: (context) => context.design.commands.setTrainable(layersTrained(context, trained), !trained),
  };
}

function picture(icon: Icon, kind: "svg" | "png"): ActionSpec {
  return {
    group: "view",
    icon,
    enabled: (context) => !isEmpty(context),
    run: ({ canvas }) => canvas?.picture(kind),
  };
}

function edit(spec: Omit<ActionSpec, "group">): ActionSpec {
  return { group: "edit", ...spec };
}

function aligned(icon: Icon, how: Alignment): ActionSpec {
  return {
    group: "arrange",
    icon,
    hidden: true,
    enabled: (context) => canEdit(context) && context.selection.nodes.length > 1,
    run: ({ canvas, selection }) => canvas?.move(align(canvas.boxes(selection.nodes), how)),
  };
}

function distributed(icon: Icon, axis: "x" | "y"): ActionSpec {
  return {
    group: "arrange",
    icon,
    hidden: true,
    enabled: (context) => canEdit(context) && context.selection.nodes.length > 2,
    run: ({ canvas, selection }) => canvas?.move(distribute(canvas.boxes(selection.nodes), axis)),
  };
}

function view(icon: Icon, shortcut: string | undefined, run: ActionSpec["run"]): ActionSpec {
  return { group: "view", icon, shortcut, enabled: always, run };
}

function tried(context: ActionContext, work: Promise<unknown>): void {
  work.catch(() => context.host.notify("clipboardRefused"));
}

const SPECS = {
  undo: edit({
    icon: IconArrowBackUp,
    shortcut: "mod+z",
    enabled: ({ design }) => design.history.canUndo(),
    run: ({ design }) => design.undo(),
  }),
  redo: edit({
    icon: IconArrowForwardUp,
    shortcut: "mod+shift+z",
    enabled: ({ design }) => design.history.canRedo(),
    run: ({ design }) => design.redo(),
  }),
  cut: edit({
    icon: IconCut,
    shortcut: "mod+x",
    native: true,
    enabled: editsNodes,
    run: (context) =>
      tried(
        context,
        copySelected(context).then((done) => done && cutSelected(context)),
      ),
  }),
  copy: edit({
    icon: IconCopy,
    shortcut: "mod+c",
    native: true,
    enabled: hasNodes,
    run: (context) => tried(context, copySelected(context)),
  }),
  paste: edit({
    icon: IconClipboard,
    shortcut: "mod+v",
    native: true,
    enabled: canEdit,
    run: (context) => tried(context, pasteFromClipboard(context)),
  }),
  duplicate: edit({
    icon: IconCopyPlus,
    shortcut: "mod+d",
    enabled: editsNodes,
    run: ({ design, selection }) => select(design.commands.duplicate(selection.nodes)),
  }),
  delete: edit({
    icon: IconTrash,
    shortcut: "delete",
    enabled: (context) =>
      canEdit(context) && context.selection.nodes.length + context.selection.edges.length > 0,
    run: ({ design, selection }) => {
      design.commands.deleteElements(selection.nodes, selection.edges);
      select([]);
    },
  }),
  selectAll: edit({
    icon: IconSelectAll,
    shortcut: "mod+a",
    enabled: (context) => !isEmpty(context),
    run: (context) => select(shownIds(context)),
  }),
  find: {
    group: "view",
    icon: IconSearch,
    shortcut: "mod+f",
    enabled: ({ design }) => design.snapshot.nodeIds.length > 0,
    run: () => useEditorView.setState({ findOpen: true }),
  },
  alignLeft: aligned(IconLayoutAlignLeft, "left"),
  alignCenter: aligned(IconLayoutAlignCenter, "center"),
  alignRight: aligned(IconLayoutAlignRight, "right"),
  alignTop: aligned(IconLayoutAlignTop, "top"),
  alignMiddle: aligned(IconLayoutAlignMiddle, "middle"),
  alignBottom: aligned(IconLayoutAlignBottom, "bottom"),
  distributeX: distributed(IconLayoutDistributeVertical, "x"),
  distributeY: distributed(IconLayoutDistributeHorizontal, "y"),
  tidy: {
    group: "arrange",
    icon: IconHierarchy2,
    shortcut: "shift+t",
    enabled: (context) => canEdit(context) && !isEmpty(context),
    run: ({ canvas }) => canvas?.tidy(null),
  },
  tidySelection: {
    group: "arrange",
    icon: IconWand,
    hidden: true,
    enabled: (context) => canEdit(context) && context.selection.nodes.length > 1,
    run: ({ canvas, selection }) => canvas?.tidy(selection.nodes),
  },
  cancelTidy: {
    group: "arrange",
    icon: IconX,
    hidden: true,
    enabled: () => useEditorView.getState().tidying,
    run: ({ canvas }) => canvas?.cancelTidy(),
  },
  fit: view(IconArrowsMaximize, "shift+1", ({ canvas }) => canvas?.fit()),
  zoomToSelection: {
    ...view(IconFocus2, "shift+2", ({ canvas }) => canvas?.zoomToSelection()),
    enabled: hasNodes,
  },
  zoomIn: view(IconZoomIn, "+", ({ canvas }) => canvas?.zoomIn()),
  zoomOut: view(IconZoomOut, "-", ({ canvas }) => canvas?.zoomOut()),
  addLayer: {
    group: "build",
    icon: IconPlus,
    shortcut: "a",
    enabled: canEdit,
    run: ({ canvas }) => canvas?.openQuickAdd(),
  },
  connect: {
    group: "build",
    icon: IconPlugConnected,
    shortcut: "c",
    enabled: editsNodes,
    run: ({ canvas }) => canvas?.startConnect(),
  },
  insertSharedCall: {
    group: "build",
    icon: IconLink,
    enabled: (context) => {
      const { nodes, layers } = context.design.snapshot.content;
      const node = nodes[onlyNode(context) ?? ""];
      return canEdit(context) && node !== undefined && !isEnd(layers, node);
    },
    run: ({ design, canvas, selection }) => {
      const [box] = canvas?.boxes(selection.nodes) ?? [];
      const node = box && design.commands.shareLayer(box.id, { x: box.x + box.width + 40, y: box.y });
      if (node) select([node]);
    },
  },
  openModel: {
    group: "build",
    icon: IconFolderOpen,
    hidden: true,
    enabled: (context) => {
      const { nodes, layers, graphs } = context.design.snapshot.content;
      const inside = graphInside(layers[nodes[onlyNode(context) ?? ""]?.layer ?? ""], layers);
      return inside !== null && inside in graphs;
    },
    run: (context) => openInside(context.design.snapshot.content, onlyNode(context) ?? ""),
  },
  leaveModel: {
    group: "build",
    icon: IconArrowBackUp,
    hidden: true,
    shortcut: "alt+u",
    enabled: ({ graph }) => graph !== TOP,
    run: ({ canvas }) => canvas?.leave(),
  },
  group: {
    group: "build",
    icon: IconPackage,
    shortcut: "mod+g",
    enabled: editsNodes,
    run: ({ canvas }) => canvas?.group(),
  },
  unpack: {
    group: "build",
    icon: IconPackageOff,
    shortcut: "mod+shift+g",
    hidden: true,
    enabled: (context) =>
      canEdit(context) && canUnpack(context.design.snapshot.content, onlyNode(context) ?? ""),
    run: (context) => context.canvas?.unpack(onlyNode(context) ?? ""),
  },
  addDesign: {
    group: "build",
    icon: IconBoxMultiple,
    enabled: canEdit,
    run: () => useEditorView.setState({ pickingDesign: true }),
  },
  freeze: training(IconSnowflake, true),
  unfreeze: training(IconFlame, false),
  collapseBlocks: {
    group: "view",
    icon: IconStack2,
    enabled: (context) => !isEmpty(context),
    run: ({ canvas }) => canvas?.collapse(null),
  },
  collapseBlock: {
    group: "view",
    icon: IconStack2,
    hidden: true,
    enabled: (context) => context.canvas?.blockToCollapse(onlyNode(context) ?? "") != null,
    run: (context) => context.canvas?.collapse(context.canvas.blockToCollapse(onlyNode(context) ?? "")),
  },
  expandBlocks: {
    group: "view",
    icon: IconStackPop,
    hidden: true,
    enabled: ({ canvas }) => canvas?.hasCollapsed() ?? false,
    run: ({ canvas }) => canvas?.expand(null),
  },
  expandBlock: {
    group: "view",
    icon: IconStackPop,
    hidden: true,
    enabled: ({ canvas, selection }) => canvas?.blockOf(selection.nodes[0] ?? "") != null,
    run: ({ canvas, selection }) => canvas?.expand(canvas.blockOf(selection.nodes[0] ?? "") ?? null),
  },
  pictureSvg: picture(IconFileTypeSvg, "svg"),
  picturePng: picture(IconFileTypePng, "png"),
  inspect: {
    group: "view",
    icon: IconAdjustments,
    enabled: always,
    run: () => showPanel("layer"),
  },
  train: { group: "design", icon: IconPlayerPlay, enabled: always, run: () => showPanel("train") },
  problems: {
    group: "view",
    icon: IconListCheck,
    enabled: always,
    run: () => useEditorView.setState(({ problemsOpen }) => ({ problemsOpen: !problemsOpen })),
  },
  runs: { group: "design", icon: IconTimeline, enabled: always, run: ({ host }) => host.openRuns() },
  versions: { group: "design", icon: IconHistory, enabled: always, run: ({ host }) => host.openVersions() },
  share: { group: "design", icon: IconShare2, enabled: always, run: ({ host }) => host.openShare() },
  theme: { group: "view", icon: IconSunMoon, enabled: always, run: ({ host }) => host.toggleTheme() },
  shortcuts: {
    group: "view",
    icon: IconKeyboard,
    shortcut: "?",
    enabled: always,
    run: () => useEditorView.setState({ shortcutsOpen: true }),
  },
} satisfies Record<string, ActionSpec>;

export type ActionId = keyof typeof SPECS;
export interface Action extends ActionSpec {
  id: ActionId;
}

/** Every action, in the order of menus. Toolbar, menus, keys and the command palette all read this list. */
export const ACTIONS: readonly Action[] = (Object.entries(SPECS) as [ActionId, ActionSpec][]).map(
  ([id, spec]) => ({ id, ...spec }),
);

const byId = new Map(ACTIONS.map((action) => [action.id, action]));

export function findAction(id: ActionId): Action {
  return byId.get(id) as Action;
}
