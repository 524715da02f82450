import { useComputedColorScheme } from "@mantine/core";
import { useReactFlow, useStoreApi } from "@xyflow/react";
import { type PointerEvent, useContext, useEffect, useRef, type WheelEvent } from "react";
import { useTranslation } from "react-i18next";
import { useEditorView } from "@/actions";
import { specsVersion, subscribeToSpecs } from "@/catalog";
import { useDesignDocument } from "@/document";
import { type Box, boundsOf } from "@/graph/arrange";
import type { CanvasModel } from "./CanvasModel";
import classes from "./canvas.module.css";
import { paintedColor } from "./coloring";
import { FactContext } from "./facts";
import type { FlowNode } from "./LayerNode";
import type { FlowEdge } from "./WireEdge";

const WIDTH = 168;
const HEIGHT = 112;
const MARGIN = 10;
/** A drag changes the layers with every frame; here they follow more slowly. */
const REPAINT_MS = 200;

interface Scale {
  zoom: number;
  x: number;
  y: number;
}

/**
 * The whole design in a corner, with what is in view: drag there to go there. The layers are painted only when they
 * change; panning moves one frame.
 */
export function Overview({ model }: { model: CanvasModel }) {
  const { t } = useTranslation("canvas");
  const flow = useReactFlow<FlowNode, FlowEdge>();
  const store = useStoreApi<FlowNode, FlowEdge>();
  const design = useDesignDocument();
  const facts = useContext(FactContext);
  const scheme = useComputedColorScheme("light");
  const bitmap = useRef<HTMLCanvasElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const scale = useRef<Scale>({ zoom: 1, x: 0, y: 0 });

  useEffect(() => {
    let nodes: readonly FlowNode[] | null = null;
    let known: unknown[] = [];
    let asked = 0;
    let painted = Number.NEGATIVE_INFINITY;
    let later = 0;
    const draw = () => {
      asked = 0;
      const state = store.getState();
      const { content } = design.snapshot;
      const { colorBy } = useEditorView.getState();
      const told = [content.layers, specsVersion(), colorBy, colorBy === "type" ? 0 : facts.version()];
      const changed = model.nodes !== nodes || told.some((each, index) => each !== known[index]);
      const rest = painted + REPAINT_MS - performance.now();
      window.clearTimeout(later);
      if (changed && rest > 0) later = window.setTimeout(ask, rest);
      else if (changed) {
        painted = performance.now();
        nodes = model.nodes;
        known = told;
        scale.current = scaleFor(nodes);
        paint(bitmap.current, nodes, scale.current, (node) =>
          paintedColor(node, content, facts, colorBy, scheme),
        );
      }
      placeFrame(frame.current, scale.current, state.transform, state.width, state.height);
    };
    const ask = () => {
      asked ||= requestAnimationFrame(draw);
    };
    draw();
    const stops = [
      store.subscribe(ask),
      model.subscribe(ask),
      design.snapshot.subscribe(ask),
      subscribeToSpecs(ask),
      facts.subscribe(ask),
      useEditorView.subscribe((state, before) => state.colorBy !== before.colorBy && ask()),
    ];
    return () => {
      cancelAnimationFrame(asked);
      window.clearTimeout(later);
      for (const stop of stops) stop();
    };
  }, [store, model, design, facts, scheme]);

  const goTo = (event: PointerEvent<HTMLDivElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const { zoom, x, y } = scale.current;
    const at = { x: (event.clientX - box.left - x) / zoom, y: (event.clientY - box.top - y) / zoom };
    void flow.setCenter(at.x, at.y, { zoom: flow.getZoom() });
  };
  return (
    <div
      className={classes.overview}
      role="img"
      aria-label={t("minimap")}
      style={{ width: WIDTH, height: HEIGHT }}
      data-testid="minimap"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        goTo(event);
      }}
      onPointerMove={(event) => event.buttons === 1 && goTo(event)}
      onWheel={(event: WheelEvent) => void (event.deltaY > 0 ? flow.zoomOut() : flow.zoomIn())}
    >
      <canvas ref={bitmap} width={WIDTH * 2} height={HEIGHT * 2} style={{ width: WIDTH, height: HEIGHT }} />
      <div ref={frame} className={classes.inView} />
    </div>
  );
}

function scaleFor(nodes: readonly FlowNode[]): Scale {
  if (nodes.length === 0) return { zoom: 1, x: 0, y: 0 };
  const boxes: Box[] = nodes.map(({ id, position, width = 0, height = 0 }) => ({
    id,
    ...position,
    width,
    height,
  }));
  const { left, right, top, bottom } = boundsOf(boxes);
  const zoom = Math.min(0.18, (WIDTH - 2 * MARGIN) / (right - left), (HEIGHT - 2 * MARGIN) / (bottom - top));
  return { zoom, x: WIDTH / 2 - ((left + right) / 2) * zoom, y: HEIGHT / 2 - ((top + bottom) / 2) * zoom };
}

function paint(
  canvas: HTMLCanvasElement | null,
  nodes: readonly FlowNode[],
  { zoom, x, y }: Scale,
  colorOf: (node: FlowNode) => string,
): void {
  const pen = canvas?.getContext("2d");
  if (!pen) return;
  pen.setTransform(2, 0, 0, 2, 0, 0);
  pen.clearRect(0, 0, WIDTH, HEIGHT);
  for (const node of nodes) {
    pen.fillStyle = colorOf(node);
    const width = Math.max(2, (node.width ?? 0) * zoom);
    const height = Math.max(1.5, (node.height ?? 0) * zoom);
    pen.fillRect(node.position.x * zoom + x, node.position.y * zoom + y, width, height);
  }
}

function placeFrame(
  frame: HTMLDivElement | null,
  scale: Scale,
  [x, y, zoom]: readonly [number, number, number],
  width: number,
  height: number,
): void {
  if (!frame) return;
  const part = scale.zoom / zoom;
  const size = [`${width * part}px`, `${height * part}px`] as const;
  if (frame.style.width !== size[0]) frame.style.width = size[0];
  if (frame.style.height !== size[1]) frame.style.height = size[1];
  frame.style.transform = `translate(${-x * part + scale.x}px, ${-y * part + scale.y}px)`;
}
