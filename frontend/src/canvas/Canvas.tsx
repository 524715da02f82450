import "@xyflow/react/dist/base.css";
import { useComputedColorScheme, VisuallyHidden } from "@mantine/core";
import {
  type Connection,
  type EdgeChange,
  type NodeChange,
  type OnConnectStartParams,
  ReactFlow,
  ReactFlowProvider,
  SelectionMode,
  useReactFlow,
  useStoreApi,
} from "@xyflow/react";
import {
  type DragEvent,
  memo,
  type MouseEvent as ReactMouseEvent,
  type ReactNode,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { useTranslation } from "react-i18next";
import {
  getSelection,
  select,
  useActionContext,
  useEditorView,
  useShownGraph,
  useShownNodes,
} from "@/actions";
import type { Analysis, LayerStart } from "@/api/types";
import { type ObjectSpec, useCatalog } from "@/catalog";
import { TOP, useCanEdit, useDesignDocument, useSaveState } from "@/document";
import { refusalsFor } from "@/graph/connections";
import { hasInput, hasOutput } from "@/graph/ports";
import { BlockNode } from "./BlockNode";
import { Breadcrumbs } from "./Breadcrumbs";
import { MIN_ZOOM } from "./Camera";
import { CanvasControl } from "./CanvasControl";
import { CanvasModel } from "./CanvasModel";
import { CanvasControls, ContextMenu, TidyNotice } from "./CanvasParts";
import { ConnectMode } from "./ConnectMode";
import classes from "./canvas.module.css";
import { DotGrid } from "./DotGrid";
import { EmptyModel } from "./EmptyModel";
import { FarLayer } from "./FarLayer";
import { FindPanel } from "./FindPanel";
import { FactContext, FactIndex } from "./facts";
import { type FlowNode, LayerNode } from "./LayerNode";
import { Guides, SharedLinks } from "./Overlays";
import { Overview } from "./Overview";
import { type OpenEnd, resetCanvasState, setCanvasState, useCanvasState } from "./state";
import { useCanvasKeys } from "./useCanvasKeys";
import { useFlowNodes, useMounted } from "./useFlow";
import { type FlowEdge, WireEdge } from "./WireEdge";

export const LAYER_TYPE = "application/x-layerloom-layer";

/** Below this zoom nobody can read a card. */
const FAR_BELOW = 0.42;
const NODE_TYPES = { layer: LayerNode, block: BlockNode };
const EDGE_TYPES = { wire: WireEdge };
// A drag draws the canvas anew with every move, and what stands around the cards never.
const Dots = memo(DotGrid);
const Lines = memo(Guides);
const Controls = memo(CanvasControls);
const Minimap = memo(Overview);
const NONE: readonly LayerStart[] = [];
const PRO = { hideAttribution: true };
const MULTI_SELECT = ["Shift", "Meta", "Control"];

export interface QuickAddSlotProps {
  filter?: (spec: ObjectSpec) => boolean;
  onPick: (className: string) => void;
  onClose: () => void;
}

export interface CanvasProps {
  analysis: Analysis | null;
  /** How each layer starts, where the design starts from the values of a run or a file. */
  starts?: readonly LayerStart[];
  /** The search for a layer that opens where it will stand. */
  quickAdd: (props: QuickAddSlotProps) => ReactNode;
  /** What an empty design shows. */
  empty: ReactNode;
}

/** The design as a graph of layer cards: to look at, and for editors to draw. */
export function Canvas(props: CanvasProps) {
  return (
    <ReactFlowProvider>
      <CanvasWithin {...props} />
    </ReactFlowProvider>
  );
}

function CanvasWithin({ analysis, starts = NONE, quickAdd, empty }: CanvasProps) {
  const { t } = useTranslation("canvas");
  const flow = useReactFlow<FlowNode, FlowEdge>();
  const design = useDesignDocument();
  const element = useRef<HTMLDivElement>(null);
  const facts = useMemo(() => new FactIndex(), []);
  const tell = useActionContext();
  const scheme = useComputedColorScheme("light");
  const schemeNow = useRef(scheme);
  schemeNow.current = scheme;
  const control = useMemo(() => {
    const say = t as unknown as (key: string, values?: Record<string, unknown>) => string;
    return new CanvasControl(new CanvasModel(), flow, design, {
      element: () => element.current,
      facts,
      say,
      scheme: () => schemeNow.current,
      tell: (words) => tell().host.tell(words),
    });
  }, [flow, design, facts, t, tell]);
  const onKeyDown = useCanvasKeys(control, design, facts, t as never);
  const drawing = useCanvasState((state) => state.drawing?.type);
  const message = useCanvasState((state) => state.message);
  const graph = useShownGraph();
  const isEmpty = Object.keys(useShownNodes()).length === 0;
  const loading = useSaveState() === "loading";

  useEffect(() => facts.update(analysis), [facts, analysis]);
  useEffect(() => facts.updateStarts(starts), [facts, starts]);
  useEffect(() => {
    useEditorView.setState({ canvas: control });
    return () => {
      control.cancelTidy();
      useEditorView.setState({ canvas: null, findOpen: false });
      resetCanvasState();
      select([]);
    };
  }, [control]);

  return (
    <FactContext value={facts}>
      <div
        ref={element}
        className={classes.canvas}
        role="application"
        aria-label={t("label")}
        aria-describedby="canvas-help"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it takes the keys of the whole canvas
        tabIndex={0}
        data-testid="canvas"
        data-drawing={drawing}
        onKeyDown={onKeyDown}
      >
        <FlowCanvas key={graph} control={control} />
        <QuickAddPlace control={control} element={element} render={quickAdd} />
        <div className={classes.above}>
          <Breadcrumbs />
          <FindPanel control={control} />
        </div>
        <ConnectMode control={control} />
        <ContextMenu />
        <TidyNotice />
        {isEmpty && !loading && (
          <div className={classes.empty}>{graph === TOP ? empty : <EmptyModel control={control} />}</div>
        )}
        <VisuallyHidden id="canvas-help">{t("help")}</VisuallyHidden>
        <VisuallyHidden role="status" aria-live="polite">
          {message}
        </VisuallyHidden>
      </div>
    </FactContext>
  );
}

function FlowCanvas({ control }: { control: CanvasControl }) {
  const catalog = useCatalog();
  const canEdit = useCanEdit();
  const scheme = useComputedColorScheme("light");
  const far = useCanvasState((state) => state.far);
  const { model } = control;
  const shown = useFlowNodes(model, !catalog.isPending);
  const { nodes, change } = shown;
  const count = Object.keys(useShownNodes()).length;
  const { mounted, edges } = useMounted(shown, canEdit);
  const gestures = useGestures(control, canEdit, change);
  const [fitted, setFitted] = useState(false);

  const loading = useSaveState() === "loading";
  useEffect(() => {
    if (fitted || loading || (count > 0 && nodes.length === 0)) return;
    setFitted(true);
    // Only what was there at the beginning is fitted: the first layer that is drawn stays where it was put.
    if (nodes.length > 0) requestAnimationFrame(() => control.showAtFirst());
  }, [fitted, loading, count, nodes.length, control]);

  return (
    <>
      {far ? <FarLayer model={model} /> : <Dots />}
      <ReactFlow<FlowNode, FlowEdge>
        nodes={mounted}
        edges={edges}
        nodeTypes={NODE_TYPES}
        edgeTypes={EDGE_TYPES}
        colorMode={scheme}
        minZoom={MIN_ZOOM}
        maxZoom={2.5}
        disableKeyboardA11y
        nodesFocusable={false}
        edgesFocusable={false}
        nodesDraggable={canEdit}
        nodesConnectable={canEdit}
        edgesReconnectable={canEdit}
        deleteKeyCode={null}
        selectionKeyCode="Shift"
        multiSelectionKeyCode={MULTI_SELECT}
        selectionMode={SelectionMode.Partial}
        zoomOnDoubleClick={false}
        connectionRadius={34}
        reconnectRadius={14}
        nodeDragThreshold={2}
        proOptions={PRO}
        {...gestures}
      >
        <SharedLinks nodes={nodes} />
        <Lines />
      </ReactFlow>
      {count > 0 && <Controls />}
      {nodes.length > 1 && <Minimap model={model} />}
      {far && <FarSelection model={model} />}
    </>
  );
}

/** Far out, a box selects also cards that are only painted. */
function FarSelection({ model }: { model: CanvasModel }) {
  const store = useStoreApi();
  useEffect(() => {
    let before: unknown = null;
    return store.subscribe(({ userSelectionRect: rect, transform: [x, y, zoom] }) => {
      if (!rect || rect === before) return;
      before = rect;
      const left = (rect.x - x) / zoom;
      const top = (rect.y - y) / zoom;
      const box = { left, top, right: left + rect.width / zoom, bottom: top + rect.height / zoom };
      select(model.cardsIn(box).flatMap((card) => card.data.block?.nodes ?? [card.id]));
    });
  }, [store, model]);
  return null;
}

type Change = (changes: NodeChange<FlowNode>[]) => void;

/** What the hands do on the canvas, in React Flow's words. */
function useGestures(control: CanvasControl, canEdit: boolean, change: Change) {
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
        if (!canEdit || !event.dataTransfer.types.includes(LAYER_TYPE)) return;
        event.preventDefault();
        event.dataTransfer.dropEffect = "copy";
      },
      onDrop: (event: DragEvent) => {
        const className = event.dataTransfer.getData(LAYER_TYPE);
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

const QUICK_SIZE = { width: 300, height: 340 };

interface QuickAddPlaceProps {
  control: CanvasControl;
  element: React.RefObject<HTMLDivElement | null>;
  render: CanvasProps["quickAdd"];
}

function QuickAddPlace({ control, element, render }: QuickAddPlaceProps) {
  const request = useCanvasState((state) => state.quickAdd);
  if (!request) return null;
  const box = element.current?.getBoundingClientRect() ?? new DOMRect();
  const left = Math.max(8, Math.min(request.screen.x - box.left, box.width - QUICK_SIZE.width - 8));
  const top = Math.max(8, Math.min(request.screen.y - box.top, box.height - QUICK_SIZE.height - 8));
  const { from } = request;
  const close = () => {
    setCanvasState({ quickAdd: null });
    control.focusCanvas();
  };
  return (
    <div className={classes.popup} style={{ left, top }}>
      {render({
        filter: from ? (from.type === "source" ? hasInput : hasOutput) : undefined,
        onPick: (className) => {
          control.pickQuickAdd(className, request);
          close();
        },
        onClose: close,
      })}
    </div>
  );
}
