import type { Connection, EdgeChange, NodeChange, OnConnectStartParams } from "@xyflow/react";
import { type DragEvent, type MouseEvent as ReactMouseEvent, useCallback, useMemo, useRef } from "react";
import { getSelection, LAYER_DRAG_TYPE, select, useEditorView } from "@/actions";
import { refusalsFor } from "@/graph/connections";
import type { CanvasControl } from "./CanvasControl";
import type { CanvasModel } from "./CanvasModel";
import type { FlowNode } from "./LayerNode";
import { type OpenEnd, setCanvasState, useCanvasState } from "./state";
import type { FlowEdge } from "./WireEdge";

/** Below this zoom nobody can read a card. */
const FAR_BELOW = 0.42;

type Change = (changes: NodeChange<FlowNode>[]) => void;

/** What the hands do on the canvas, in React Flow's words. */
export function useGestures(control: CanvasControl, canEdit: boolean, change: Change) {
  const dragged = useRef<string | null>(null);

  const onNodesChange = useCallback(
    (changes: NodeChange<FlowNode>[]) => {
      followSelection(changes, "nodes", control.model);
      const [first] = changes;
      const single = dragged.current && changes.length === 1 && first?.type === "position";
      if (single && first.position && first.dragging) {
        change([{ ...first, position: control.snapped(first.id, first.position) }]);
      } else change(changes);
    },
    [change, control],
  );

  return useMemo(() => {
    const startDrawing = (end: OpenEnd | null) => {
      const refusals = end ? refusalsFor(control.graph(), end.node, end.type) : new Map();
      setCanvasState({ drawing: end, refusals });
    };
    const started = (_: unknown, { nodeId, handleId, handleType }: OnConnectStartParams) =>
      nodeId && handleId && handleType && startDrawing({ node: nodeId, port: handleId, type: handleType });
    return {
      onNodesChange,
      onEdgesChange: (changes: EdgeChange<FlowEdge>[]) => followSelection(changes, "edges", control.model),
      isValidConnection: (wire: Connection | FlowEdge) => control.allows(wire),
      onConnect: (wire: Connection) => control.connect(wire),
      onConnectStart: started,
      onClickConnectStart: started,
      onClickConnectEnd: () => startDrawing(null),
      onConnectEnd: (
        event: MouseEvent | TouchEvent,
        state: { isValid: boolean | null; toHandle: unknown },
      ) => {
        const from = useCanvasState.getState().drawing;
        startDrawing(null);
        if (from && !state.isValid && canEdit) control.dropWire(from, pointOf(event));
      },
      onReconnect: (old: FlowEdge, wire: Connection) => control.reconnect(old.id, wire),
      onNodeDragStart: (_: unknown, node: FlowNode, moved: FlowNode[]) => {
        dragged.current = moved.length === 1 ? node.id : null;
      },
      onNodeDrag: (_: unknown, node: FlowNode, moved: FlowNode[]) => {
        const dropWire = moved.length === 1 ? control.wireUnder(node) : null;
        if (dropWire !== useCanvasState.getState().dropWire) setCanvasState({ dropWire });
      },
      onNodeDragStop: (_: unknown, _node: FlowNode, moved: FlowNode[]) => {
        dragged.current = null;
        control.dropNodes(moved.map((each) => each.id));
        setCanvasState({ guides: [], dropWire: null });
      },
      onSelectionDragStop: (_: unknown, moved: FlowNode[]) => control.dropNodes(moved.map((each) => each.id)),
      onMoveStart: () => control.moving(true),
      onMoveEnd: () => control.moving(false),
      onPaneMouseMove: (event: ReactMouseEvent) => {
        const { far, hovered } = useCanvasState.getState();
        if (!far || event.buttons !== 0) return;
        const at = control.toCanvas({ x: event.clientX, y: event.clientY });
        const id = control.model.nodeAt(at.x, at.y)?.id ?? null;
        if (id !== hovered) setCanvasState({ hovered: id });
      },
      onMove: (_: unknown, { zoom }: { zoom: number }) => {
        const far = zoom < FAR_BELOW;
        if (far !== useCanvasState.getState().far) setCanvasState({ far });
      },
      onPaneClick: (event: ReactMouseEvent) => {
        control.focusCanvas();
        const at = control.toCanvas({ x: event.clientX, y: event.clientY });
        const painted = useCanvasState.getState().far ? control.model.nodeAt(at.x, at.y) : undefined;
        if (painted) select(painted.data.block?.nodes ?? [painted.id]);
        else if (event.detail === 2 && canEdit) control.openQuickAdd({ x: event.clientX, y: event.clientY });
      },
      onNodeClick: () => control.focusCanvas(),
      onEdgeClick: () => control.focusCanvas(),
      onNodeDoubleClick: (_: unknown, node: FlowNode) => {
        if (node.data.block) return control.expand(node.id);
        if (control.openInside(node.id)) return;
        select([node.id]);
        useEditorView.setState({ panel: "layer", drawer: "side" });
      },
      onPaneContextMenu: (event: ReactMouseEvent | MouseEvent) => openMenu(event, "pane", control),
      onNodeContextMenu: (event: ReactMouseEvent, node: FlowNode) => {
        const members = node.data.block?.nodes ?? [node.id];
        if (!getSelection().nodes.includes(members[0] ?? "")) select(members);
        openMenu(event, node.data.block ? "block" : "node", control, node.id);
      },
      onSelectionContextMenu: (event: ReactMouseEvent) => openMenu(event, "node", control),
      onEdgeContextMenu: (event: ReactMouseEvent, edge: FlowEdge) => {
        select([], [edge.id]);
        openMenu(event, "edge", control);
      },
      onDragOver: (event: DragEvent) => {
        if (!canEdit || !event.dataTransfer.types.includes(LAYER_DRAG_TYPE)) return;
        event.preventDefault();
        event.dataTransfer.dropEffect = "copy";
      },
      onDrop: (event: DragEvent) => {
        const className = event.dataTransfer.getData(LAYER_DRAG_TYPE);
        if (!canEdit || !className) return;
        event.preventDefault();
        control.dropLayer(className, { x: event.clientX, y: event.clientY });
      },
    };
  }, [control, canEdit, onNodesChange]);
}

/** React Flow asks for a selection; the selection store is what everybody reads. */
function followSelection(
  changes: readonly (NodeChange<FlowNode> | EdgeChange<FlowEdge>)[],
  kind: "nodes" | "edges",
  model: CanvasModel,
) {
  const picked = changes.filter((each) => each.type === "select");
  if (picked.length === 0) return;
  const now = getSelection();
  const next = new Set(now[kind]);
  for (const { id, selected } of picked) {
    for (const each of model.find(id)?.data.block?.nodes ?? [id]) {
      if (selected) next.add(each);
      else next.delete(each);
    }
  }
  if (kind === "nodes") select([...next], now.edges);
  else select(now.nodes, [...next]);
}

function openMenu(
  event: ReactMouseEvent | MouseEvent,
  target: "pane" | "node" | "edge" | "block",
  control: CanvasControl,
  id: string | null = null,
): void {
  event.preventDefault();
  const screen = { x: event.clientX, y: event.clientY };
  setCanvasState({ menu: { screen, at: control.toCanvas(screen), target, id } });
}

function pointOf(event: MouseEvent | TouchEvent) {
  const touch = "changedTouches" in event ? event.changedTouches[0] : event;
  return { x: touch?.clientX ?? 0, y: touch?.clientY ?? 0 };
}
