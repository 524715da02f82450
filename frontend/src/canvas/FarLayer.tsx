import { useComputedColorScheme } from "@mantine/core";
import { useStoreApi } from "@xyflow/react";
import { useContext, useEffect, useRef } from "react";
import { useEditorView } from "@/actions";
import { layerTitle, subscribeToSpecs } from "@/catalog";
import { type DesignContent, useDesignDocument } from "@/document";
import { type Piece, piecesOf } from "@/graph/curve";
import { type CanvasModel, overlaps, type Rect } from "./CanvasModel";
import classes from "./canvas.module.css";
import { paintedColor, type Scheme } from "./coloring";
import { FactContext, type FactIndex } from "./facts";
import { useCanvasState } from "./state";

const NAMES_FROM = 0.2;
/** How much more than the view is painted on each side, as a part of its size. */
const MARGIN = 0.3;
/** A zoom stretches the picture; it is painted anew when it stops, or when it was stretched so far. */
const STRETCH = 1.35;
const PAUSE_MS = 90;
/** For each millisecond of painting, so many go by before the next. */
const REST = 3;

/**
 * All cards and wires on one bitmap, for a view so far out that nobody can read a card. Moving the view moves the
 * bitmap; it is painted anew only when something changed, or when the view leaves what is painted.
 */
export function FarLayer({ model }: { model: CanvasModel }) {
  const bitmap = useRef<HTMLCanvasElement>(null);
  const store = useStoreApi();
  const design = useDesignDocument();
  const facts = useContext(FactContext);
  const scheme = useComputedColorScheme("light");

  useEffect(() => {
    const canvas = bitmap.current;
    if (!canvas) return;
    const picture = new Picture(canvas);
    let frame = 0;
    let pause = 0;
    let painted = 0;
    let cost = 0;
    const paint = (now: number) => {
      // Where painting is slow, it leaves most of the time to everything else.
      if (now - painted < REST * cost) {
        frame = requestAnimationFrame(paint);
        return;
      }
      frame = 0;
      const start = performance.now();
      const { transform, width, height } = store.getState();
      const view = { x: transform[0], y: transform[1], zoom: transform[2], width, height };
      picture.paint(view, { model, content: design.snapshot.content, facts, scheme });
      painted = performance.now();
      cost = painted - start;
    };
    const changed = () => {
      frame ||= requestAnimationFrame(paint);
    };
    let [x, y, zoom] = [Number.NaN, Number.NaN, Number.NaN];
    const moved = () => {
      const { transform, width, height } = store.getState();
      if (
        transform[0] === x &&
        transform[1] === y &&
        transform[2] === zoom &&
        !picture.resized(width, height)
      )
        return;
      [x, y, zoom] = transform;
      const view = { x, y, zoom, width, height };
      if (!picture.covers(view)) return changed();
      picture.place(view);
      window.clearTimeout(pause);
      if (picture.stretched(view)) pause = window.setTimeout(changed, PAUSE_MS);
    };
    paint(performance.now());
    const stops = [
      store.subscribe(moved),
      model.subscribe(changed),
      design.snapshot.subscribe(changed),
      facts.subscribe(changed),
      subscribeToSpecs(changed),
      useCanvasState.subscribe((state, before) => state.hits !== before.hits && changed()),
      useEditorView.subscribe((state, before) => state.colorBy !== before.colorBy && changed()),
    ];
    return () => {
      cancelAnimationFrame(frame);
      window.clearTimeout(pause);
      for (const stop of stops) stop();
    };
  }, [store, model, design, facts, scheme]);

  return <canvas ref={bitmap} className={classes.far} aria-hidden />;
}

interface View {
  x: number;
  y: number;
  zoom: number;
  width: number;
  height: number;
}

interface Scene {
  model: CanvasModel;
  content: DesignContent;
  facts: FactIndex;
  scheme: Scheme;
}

/** A bitmap of a part of the canvas, at the zoom for which it was painted. */
class Picture {
  private painted: View = { x: 0, y: 0, zoom: 1, width: 0, height: 0 };

  constructor(private readonly canvas: HTMLCanvasElement) {}

  resized(width: number, height: number): boolean {
    return width !== this.painted.width || height !== this.painted.height;
  }

  /** Whether moving the bitmap is enough to show `view`. */
  covers(view: View): boolean {
    if (this.resized(view.width, view.height)) return false;
    const scale = view.zoom / this.painted.zoom;
    if (scale > STRETCH || scale < 1 / STRETCH) return false;
    const { left, top } = this.corner(view);
    const width = this.canvas.width * scale;
    const height = this.canvas.height * scale;
    return left <= 0 && top <= 0 && left + width >= view.width && top + height >= view.height;
  }

  stretched(view: View): boolean {
    return view.zoom !== this.painted.zoom;
  }

  place(view: View): void {
    const { left, top } = this.corner(view);
    this.canvas.style.transform = `translate(${left}px, ${top}px) scale(${view.zoom / this.painted.zoom})`;
  }

  paint(view: View, scene: Scene): void {
    const { canvas } = this;
    const width = Math.ceil(view.width * (1 + 2 * MARGIN));
    const height = Math.ceil(view.height * (1 + 2 * MARGIN));
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    this.painted = view;
    const pen = canvas.getContext("2d");
    if (!pen) return;
    const x = view.x + view.width * MARGIN;
    const y = view.y + view.height * MARGIN;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.setTransform(view.zoom, 0, 0, view.zoom, x, y);
    const rect = {
      left: -x / view.zoom,
      top: -y / view.zoom,
      right: (width - x) / view.zoom,
      bottom: (height - y) / view.zoom,
    };
    drawWires(pen, view.zoom, rect, scene);
    drawCards(pen, view.zoom, rect, scene);
    this.place(view);
  }

  /** Where the top left of the bitmap stands for `view`, from that of the window. */
  private corner(view: View): { left: number; top: number } {
    const scale = view.zoom / this.painted.zoom;
    return {
      left: view.x - (this.painted.x + this.painted.width * MARGIN) * scale,
      top: view.y - (this.painted.y + this.painted.height * MARGIN) * scale,
    };
  }
}

function drawWires(pen: CanvasRenderingContext2D, zoom: number, rect: Rect, { model, scheme }: Scene): void {
  pen.strokeStyle = scheme === "dark" ? "#5c6680" : "#a3abbd";
  pen.lineWidth = 1.2 / zoom;
  pen.beginPath();
  for (const wire of model.wires) {
    const curve = model.curveOf(wire);
    if (!curve) continue;
    const { start, end, lane = start.x } = curve;
    const pieces = piecesOf(curve);
    const [, second] = pieces[0] as Piece;
    const [, , third] = pieces.at(-1) as Piece;
    const bounds = {
      left: Math.min(start.x, end.x, lane) - 1,
      right: Math.max(start.x, end.x, lane) + 1,
      top: Math.min(start.y, end.y, third.y) - 1,
      bottom: Math.max(start.y, end.y, second.y) + 1,
    };
    if (!overlaps(bounds, rect)) continue;
    pen.moveTo(start.x, start.y);
    for (const [, b, c, d] of pieces) {
      if (zoom < 0.12) pen.lineTo(d.x, d.y);
      else pen.bezierCurveTo(b.x, b.y, c.x, c.y, d.x, d.y);
    }
  }
  pen.stroke();
}

function drawCards(pen: CanvasRenderingContext2D, zoom: number, rect: Rect, scene: Scene): void {
  const { model, content, facts, scheme } = scene;
  const { colorBy } = useEditorView.getState();
  const { hits } = useCanvasState.getState();
  const dark = scheme === "dark";
  pen.textBaseline = "middle";
  pen.font = "600 30px Inter, system-ui, sans-serif";
  for (const node of model.nodes) {
    const { id, width = 0, height = 0, selected, data } = node;
    const { x, y } = node.position;
    if (!overlaps({ left: x, top: y, right: x + width, bottom: y + height }, rect)) continue;
    const layer = content.layers[content.nodes[id]?.layer ?? ""];
    const members = data.block?.nodes ?? [id];
    const found = hits && members.some((member) => hits.has(member));
    pen.globalAlpha = hits && !found ? 0.35 : 1;
    pen.fillStyle = dark ? "#1f2532" : "#ffffff";
    pen.fillRect(x, y, width, height);
    pen.fillStyle = paintedColor(node, content, facts, colorBy, scheme);
    const strength = colorBy === "type" ? (dark ? 0.3 : 0.2) : 0.75;
    pen.globalAlpha *= strength;
    pen.fillRect(x, y, width, height);
    pen.globalAlpha = hits && !found ? 0.35 : 1;
    pen.fillRect(x, y, 10, height);
    const fault = members.some((member) => facts.of(member).severity === "error");
    if (selected || found || fault) {
      pen.strokeStyle = selected ? "#5f6ee0" : found ? "#e8a700" : "#e03131";
      pen.lineWidth = 2.5 / zoom;
      pen.strokeRect(x, y, width, height);
    }
    const title = data.block?.title ?? (layer && layerTitle(layer.class_name));
    if (zoom >= NAMES_FROM && title) {
      pen.fillStyle = dark ? "#d8dce6" : "#1a2030";
      pen.fillText(title, x + 24, y + height / 2, width - 34);
    }
  }
  pen.globalAlpha = 1;
}
