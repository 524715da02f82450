import { useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useStoreApi } from "@xyflow/react";
import { useContext, useEffect, useRef } from "react";
import { layerSpec, layerStyle, layerTitle } from "@/catalog";
import { useDesignDocument, wiresOf } from "@/document";
import { controlPoints } from "@/graph/curve";
import classes from "./canvas.module.css";
import { wireEnd } from "./card";
import { FactContext, type FactIndex } from "./facts";
import type { FlowNode } from "./LayerNode";
import type { FlowEdge } from "./WireEdge";

const NAMES_FROM = 0.2;

/** All cards and wires on one bitmap, for a view so far out that nobody can read a card. */
export function FarLayer() {
  const bitmap = useRef<HTMLCanvasElement>(null);
  const store = useStoreApi<FlowNode, FlowEdge>();
  const design = useDesignDocument();
  const facts = useContext(FactContext);
  const scheme = useComputedColorScheme("light");
  useMantineColorScheme();

  useEffect(() => {
    const canvas = bitmap.current;
    if (!canvas) return;
    let frame = 0;
    const draw = () => {
      frame = 0;
      drawAll(canvas, store.getState(), design.snapshot.content, facts, scheme);
    };
    const ask = () => {
      frame ||= requestAnimationFrame(draw);
    };
    draw();
    const stops = [store.subscribe(ask), design.snapshot.subscribe(ask), facts.subscribe(ask)];
    return () => {
      cancelAnimationFrame(frame);
      for (const stop of stops) stop();
    };
  }, [store, design, facts, scheme]);

  return <canvas ref={bitmap} className={classes.far} aria-hidden />;
}

type FlowState = ReturnType<ReturnType<typeof useStoreApi<FlowNode, FlowEdge>>["getState"]>;
type Content = ReturnType<typeof useDesignDocument>["snapshot"]["content"];

function drawAll(
  canvas: HTMLCanvasElement,
  state: FlowState,
  content: Content,
  facts: FactIndex,
  scheme: "light" | "dark",
): void {
  const { width, height, nodeLookup } = state;
  const [x, y, zoom] = state.transform;
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const pen = canvas.getContext("2d", { alpha: true });
  if (!pen) return;
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.setTransform(zoom, 0, 0, zoom, x, y);
  const left = -x / zoom;
  const top = -y / zoom;
  const inView = (cx: number, cy: number, w: number, h: number) =>
    cx + w > left && cx < left + width / zoom && cy + h > top && cy < top + height / zoom;

  pen.strokeStyle = scheme === "dark" ? "#5c6680" : "#a3abbd";
  pen.lineWidth = 1.2 / zoom;
  pen.beginPath();
  for (const wire of wiresOf(content.edges)) {
    const from = nodeLookup.get(wire.source);
    const to = nodeLookup.get(wire.target);
    if (!from || !to) continue;
    const a = wireEnd(from.data.ports, "source", wire.source_port);
    const b = wireEnd(to.data.ports, "target", wire.target_port);
    const start = { x: from.position.x + a.x, y: from.position.y + a.y };
    const end = { x: to.position.x + b.x, y: to.position.y + b.y };
    const [, second, third] = controlPoints({ start, end });
    const low = Math.min(start.y, end.y, third.y);
    const high = Math.max(start.y, end.y, second.y);
    if (!inView(Math.min(start.x, end.x), low, Math.abs(end.x - start.x) + 1, high - low + 1)) continue;
    pen.moveTo(start.x, start.y);
    if (zoom < 0.12) pen.lineTo(end.x, end.y);
    else pen.bezierCurveTo(second.x, second.y, third.x, third.y, end.x, end.y);
  }
  pen.stroke();

  pen.textBaseline = "middle";
  pen.font = "600 30px Inter, system-ui, sans-serif";
  for (const [id, node] of nodeLookup) {
    const w = node.width ?? 0;
    const h = node.height ?? 0;
    if (!inView(node.position.x, node.position.y, w, h)) continue;
    const layer = content.layers[content.nodes[id]?.layer ?? ""];
    const style = layerStyle(layerSpec(layer?.class_name ?? ""));
    const fault = facts.of(id).severity;
    pen.fillStyle = scheme === "dark" ? "#1f2532" : "#ffffff";
    pen.fillRect(node.position.x, node.position.y, w, h);
    pen.fillStyle = style[scheme];
    pen.globalAlpha = scheme === "dark" ? 0.3 : 0.2;
    pen.fillRect(node.position.x, node.position.y, w, h);
    pen.globalAlpha = 1;
    pen.fillRect(node.position.x, node.position.y, 10, h);
    if (node.selected || fault === "error") {
      pen.strokeStyle = node.selected ? "#5f6ee0" : "#e03131";
      pen.lineWidth = 2.5 / zoom;
      pen.strokeRect(node.position.x, node.position.y, w, h);
    }
    if (zoom >= NAMES_FROM && layer) {
      pen.fillStyle = scheme === "dark" ? "#d8dce6" : "#1a2030";
      pen.fillText(layerTitle(layer.class_name), node.position.x + 24, node.position.y + h / 2, w - 34);
    }
  }
}
