import "@xyflow/react/dist/base.css";
import { useComputedColorScheme, VisuallyHidden } from "@mantine/core";
import { ReactFlow, ReactFlowProvider, SelectionMode, useReactFlow, useStoreApi } from "@xyflow/react";
import { memo, type ReactNode, type RefObject, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { select, useActionContext, useEditorView, useShownGraph, useShownNodes } from "@/actions";
import type { Analysis, LayerStart } from "@/api/types";
import { useCatalog } from "@/catalog";
import { TOP, useCanEdit, useDesignDocument, useSaveState } from "@/document";
import { BlockNode } from "./BlockNode";
import { Breadcrumbs } from "./Breadcrumbs";
import { MIN_ZOOM, sizeOf } from "./Camera";
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
import { QuickAddPlace, type QuickAddSlotProps } from "./QuickAddPlace";
import { resetCanvasState, useCanvasState } from "./state";
import { useCanvasKeys } from "./useCanvasKeys";
import { useFlowNodes, useMounted } from "./useFlow";
import { useGestures } from "./useGestures";
import { type FlowEdge, WireEdge } from "./WireEdge";

const NODE_TYPES = { layer: LayerNode, block: BlockNode };
const EDGE_TYPES = { wire: WireEdge };
// A drag draws the canvas anew with every move, and what stands around the cards never.
const Dots = memo(DotGrid);
const Lines = memo(Guides);
const Controls = memo(CanvasControls);
const Minimap = memo(Overview);
const NONE: readonly LayerStart[] = [];
/** Pixels of a canvas beside which there is no room for the overview. */
const NARROW = 520;
const PRO = { hideAttribution: true };
const MULTI_SELECT = ["Shift", "Meta", "Control"];

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

  const narrow = useSizeOf(element, control);

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
        data-narrow={narrow || undefined}
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

/** Keeps in view what was seen when the canvas gets another size; true where the overview would cover too much. */
function useSizeOf(element: RefObject<HTMLElement | null>, control: CanvasControl): boolean {
  const [narrow, setNarrow] = useState(false);
  useEffect(() => {
    const canvas = element.current;
    if (!canvas) return;
    let before = sizeOf(canvas);
    const observer = new ResizeObserver(() => {
      const now = sizeOf(canvas);
      setNarrow(now.width < NARROW);
      if (now.width !== before.width || now.height !== before.height) control.resized(before);
      before = now;
    });
    observer.observe(canvas);
    return () => observer.disconnect();
  }, [element, control]);
  return narrow;
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
