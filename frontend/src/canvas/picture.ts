import { layerSpec, layerStyle, layerTitle } from "@/catalog";
import { type DesignContent, layerCount, MODEL, nodesIn, snakeCase, wiresIn } from "@/document";
import { boundsOf } from "@/graph/arrange";
import { type Curve, curvePath, middleOf, type Point } from "@/graph/curve";
import { lanesOf } from "@/graph/lanes";
import { saveBlob } from "@/lib/download";
import { formatCompact } from "@/lib/format";
import {
  type CardPorts,
  CHARACTER,
  cardSize,
  FIRST_NAME,
  namePlaces,
  nameRoom,
  PORT_ROW,
  portCenters,
  wireEnd,
} from "./card";
import type { Scheme } from "./coloring";
import type { FactIndex } from "./facts";
import { nodePorts } from "./graphOf";
import { operationTitle, summarize, wireLabel } from "./summary";

const MARGIN = 28;
const COLORS = {
  light: {
    page: "#f7f8fa",
    card: "#ffffff",
    border: "#d5dae4",
    text: "#1a2030",
    dim: "#59627a",
    wire: "#a0a9bc",
  },
  dark: {
    page: "#11151d",
    card: "#171c26",
    border: "#343c4d",
    text: "#d8dce6",
    dim: "#8b93a6",
    wire: "#59647d",
  },
} as const;
const FONT = "Inter, system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
/** The most that a browser paints on one bitmap, in pixels a side. */
const LARGEST_SIDE = 16_000;

/** A picture of a whole graph as SVG text, made of nothing but its content: cards, wires and the shapes on them. */
export function drawGraph(content: DesignContent, graph: string, facts: FactIndex, theme: Scheme): string {
  const wires = wiresIn(content, graph);
  const cards = Object.entries(nodesIn(content.nodes, graph)).map(([id, { x, y }]) => {
    const ports = nodePorts(id, content, wires);
    return { id, x, y, ports, ...cardSize(ports) };
  });
  const byId = new Map(cards.map((card) => [card.id, card]));
  const strands = wires.flatMap((wire) => {
    const from = byId.get(wire.source);
    const to = byId.get(wire.target);
    if (!from || !to) return [];
    const start = wireEnd(from.ports, "source", wire.source_port);
    const end = wireEnd(to.ports, "target", wire.target_port);
    const curve: Curve = {
      start: { x: from.x + start.x, y: from.y + start.y },
      end: { x: to.x + end.x, y: to.y + end.y },
    };
    return [{ ...wire, curve }];
  });
  const lanes = lanesOf(cards, strands);
  const { left, top, right, bottom } = boundsWith(cards, [...lanes.values()]);
  const width = Math.ceil(right - left + 2 * MARGIN);
  const height = Math.ceil(bottom - top + 2 * MARGIN);
  const colors = COLORS[theme];
  const lines = strands.flatMap((wire) => {
    const curve = { ...wire.curve, lane: lanes.get(wire.key) };
    const label = wireLabel(facts.of(wire.source).analysis?.output_shapes[wire.source_port]);
    const middle = middleOf(curve);
    const path = `<path d="${curvePath(curve)}" fill="none" stroke="${colors.wire}" stroke-width="1.75"/>`;
    const words = text(label, {
      x: middle.x,
      y: middle.y + 4,
      size: 11,
      fill: colors.dim,
      anchor: "middle",
      halo: colors.page,
    });
    return [path, label ? words : ""];
  });
  const body = cards.map((card) => drawCard(card, content, facts, theme));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"`,
    ` viewBox="${left - MARGIN} ${top - MARGIN} ${width} ${height}" font-family="${FONT}" role="img">`,
    `<title>${escaped(content.graphs[graph]?.name ?? content.meta.name)}</title>`,
    `<rect x="${left - MARGIN}" y="${top - MARGIN}" width="${width}" height="${height}" fill="${colors.page}"/>`,
    ...lines,
    ...body,
    "</svg>",
  ].join("\n");
}

/** A rectangle that all cards and lanes are in; an empty design has one too. */
function boundsWith(cards: readonly DrawnCard[], lanes: readonly number[]) {
  if (cards.length === 0) return { left: 0, top: 0, right: 1, bottom: 1 };
  const { left, top, right, bottom } = boundsOf(cards);
  return { left: Math.min(left, ...lanes), top, right: Math.max(right, ...lanes), bottom };
}

interface DrawnCard {
  id: string;
  x: number;
  y: number;
  width: number;
  height: number;
  ports: CardPorts;
}

function drawCard(card: DrawnCard, content: DesignContent, facts: FactIndex, theme: Scheme): string {
  const { id, x, y, width, height, ports } = card;
  const colors = COLORS[theme];
  const layer = content.layers[content.nodes[id]?.layer ?? ""];
  if (!layer) return "";
  const spec = layerSpec(layer.class_name);
  const color = layerStyle(spec)[theme];
  const compact = ports.compact ?? false;
  const title = compact ? operationTitle(layer.class_name, spec, layer.params) : layerTitle(layer.class_name);
  const graph = String(layer.params.graph ?? "");
  const inside = layer.class_name === MODEL ? content.graphs[graph] : undefined;
  const summary = inside ? `${inside.name} · ${layerCount(content, graph)}` : summarize(spec, layer.params);
  const named = layer.name !== snakeCase(layer.class_name) && !compact;
  const params = facts.of(id).analysis?.params ?? 0;
  const round = spec?.marker === "input" || spec?.marker === "output" || compact ? height / 2 : 10;
  const { above, below } = nameRoom(ports);
  const middle = y + (above + height - below) / 2;
  const frozen = layer.params.trainable === false ? "❄ " : "";
  const count = params > 0 ? `${frozen}${formatCompact(params)}` : frozen.trim();
  const most = Math.floor((width - 40 - (count ? 46 : 0)) / 6.6);
  const first = compact ? middle + 4 : summary || named ? middle - 4 : middle + 4;
  const parts = [
    inside
      ? `<rect x="${x + 5}" y="${y + 5}" width="${width}" height="${height}" rx="10" fill="${colors.card}" stroke="${color}" stroke-opacity="0.4"/>`
      : "",
    `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${round}" fill="${colors.card}" stroke="${spec ? colors.border : "#c77700"}"${spec ? "" : ' stroke-dasharray="5 4"'}/>`,
    round === 10
      ? `<path d="M${x + 10},${y} h-3 a7,7 0 0 0 -7,7 v${height - 14} a7,7 0 0 0 7,7 h3 z" transform="translate(0,0)" fill="${color}" fill-opacity="0.9" clip-path="inset(0 5px 0 0)"/>`
      : `<circle cx="${x + 22}" cy="${middle}" r="6" fill="${color}"/>`,
    text(shortened(title, most), {
      x: x + (round === 10 ? 18 : 36),
      y: first,
      size: compact ? 12 : 13,
      fill: colors.text,
      bold: true,
    }),
    !compact && (named || summary)
      ? text(shortened([named ? layer.name : "", summary].filter(Boolean).join(" · "), 34), {
          x: x + (round === 10 ? 18 : 36),
          y: middle + 13,
          size: 11,
          fill: colors.dim,
        })
      : "",
    count ? text(count, { x: x + width - 14, y: first, size: 10.5, fill: colors.dim, anchor: "end" }) : "",
    ...portMarks(ports.inputs, { x, y }, "above", colors),
    ...portMarks(ports.outputs, { x, y: y + height }, "below", colors),
  ];
  return `<g>${parts.join("")}</g>`;
}

/** The ports along one edge of a card at which a wire is or has to be: a dot, and the name where names are written. */
function portMarks(
  ports: CardPorts["inputs"],
  { x, y }: Point,
  side: "above" | "below",
  colors: (typeof COLORS)[Scheme],
): string[] {
  const centers = portCenters(ports);
  const names = namePlaces(ports);
  return ports.flatMap((port, index) => {
    const at = x + (centers[index] ?? 0);
    if (port.optional && !port.wired) return [];
    const dot = `<circle cx="${at}" cy="${y}" r="4" fill="${colors.wire}" stroke="${colors.card}" stroke-width="1.5"/>`;
    const name = names[index];
    const deep = name ? FIRST_NAME + name.row * PORT_ROW : 0;
    const words = name && shortened(port.label, Math.floor(name.width / CHARACTER));
    const style = { x: at, y: side === "above" ? y + deep + 8 : y - deep - 1, size: 9.5, fill: colors.dim };
    return [dot, words ? text(words, { ...style, anchor: "middle" }) : ""];
  });
}

interface TextStyle {
  x: number;
  y: number;
  size: number;
  fill: string;
  anchor?: "middle" | "end";
  bold?: boolean;
  halo?: string;
}

function text(words: string, { x, y, size, fill, anchor, bold, halo }: TextStyle): string {
  const more = [
    anchor ? ` text-anchor="${anchor}"` : "",
    bold ? ' font-weight="620"' : "",
    halo ? ` stroke="${halo}" stroke-width="5" stroke-linejoin="round" paint-order="stroke"` : "",
  ].join("");
  return `<text x="${round2(x)}" y="${round2(y)}" font-size="${size}" fill="${fill}"${more}>${escaped(words)}</text>`;
}

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}

function shortened(words: string, most: number): string {
  return words.length > most ? `${words.slice(0, Math.max(1, most - 1))}…` : words;
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Text as XML holds it; signs that XML cannot hold become spaces. */
function escaped(words: string): string {
  return words
    .replace(/\p{Cc}|\p{Cs}|[\ufffe\uffff]/gu, " ")
    .replace(/[&<>"]/g, (sign) => ENTITIES[sign] ?? sign);
}

/** The SVG as a bitmap, twice its size where a browser can paint that. */
export async function pngOf(svg: string): Promise<Blob> {
  const [, width = "1", height = "1"] = /width="(\d+)" height="(\d+)"/.exec(svg) ?? [];
  const scale = Math.min(2, LARGEST_SIDE / Math.max(Number(width), Number(height)));
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(Number(width) * scale));
  canvas.height = Math.max(1, Math.round(Number(height) * scale));
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) =>
      blob ? resolve(blob) : reject(new Error("The browser could not paint the picture.")),
    ),
  );
}

export async function savePicture(svg: string, kind: "svg" | "png", name: string): Promise<void> {
  const blob = kind === "svg" ? new Blob([svg], { type: "image/svg+xml" }) : await pngOf(svg);
  saveBlob(`${name.replace(/[^\w.-]+/g, "_").slice(0, 80) || "design"}.${kind}`, blob);
}
