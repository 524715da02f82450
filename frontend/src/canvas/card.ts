import { Position } from "@xyflow/react";
import type { NodePorts } from "@/graph/connections";
import type { Port } from "@/graph/ports";

/** Sizes of a layer card in canvas pixels. They are known before anything is drawn: nothing is ever measured. */
export const CARD_WIDTH = 236;
const BODY_HEIGHT = 58;
/** An operation is one line. */
const COMPACT_HEIGHT = 38;
export const PORT_ROW = 14;
export const PORT_SIZE = 12;

export interface CardSize {
  width: number;
  height: number;
}

const END = { optional: false, variadic: false, wired: true, stale: false };

/** The ports of a collapsed block: all wires come in at one and leave at the other. */
export const BLOCK_PORTS: CardPorts = {
  inputs: [{ id: "in", name: "in", label: "in", ...END }],
  outputs: [{ id: "out", name: "out", label: "out", ...END }],
};

export interface Handle {
  id: string;
  type: "source" | "target";
  position: Position;
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Whether the names of these ports are written on the card: one port needs no name, numbers tell nothing. */
function showsNames(ports: readonly Port[]): boolean {
  return ports.filter((port) => !port.variadic).length > 1;
}

/** Pixels from the edge of a card to the first row of its ports' names. */
export const FIRST_NAME = 8;
/** Pixels that a character of a port's name takes, and the space that it needs to its neighbour. */
export const CHARACTER = 5.3;
const NAME_GAP = 4;

type Rows = 0 | 1 | 2;

const rowsOf = new WeakMap<readonly Port[], Rows>();

/** The rows that the names of ports take: none, one, or two in turns where they would run into each other. */
function nameRows(ports: readonly Port[]): Rows {
  let rows = rowsOf.get(ports);
  if (rows === undefined) {
    rows = countRows(ports);
    rowsOf.set(ports, rows);
  }
  return rows;
}

function countRows(ports: readonly Port[]): Rows {
  if (!showsNames(ports)) return 0;
  const centers = portCenters(ports);
  const fits = ports.every(({ label }, index) => {
    const next = ports[index + 1];
    const room = (centers[index + 1] ?? 0) - (centers[index] ?? 0) - NAME_GAP;
    return !next || ((label.length + next.label.length) / 2) * CHARACTER <= room;
  });
  return fits ? 1 : 2;
}

/** Where the name of a port is written: in which row from the edge, and the pixels that it may take. */
export interface NamePlace {
  row: number;
  width: number;
}

/** The places of the names of ports; none where they are not written. */
export function namePlaces(ports: readonly Port[]): NamePlace[] {
  const rows = nameRows(ports);
  if (rows === 0) return [];
  const width = (rows * CARD_WIDTH) / (ports.length + 1) - NAME_GAP / 2;
  return ports.map((_, index) => ({ row: index % rows, width }));
}

/** Pixels above and below the words of a card that the names of its ports take. */
export function nameRoom({ inputs, outputs }: NodePorts): { above: number; below: number } {
  return { above: nameRows(inputs) * PORT_ROW, below: nameRows(outputs) * PORT_ROW };
}

/** The ports of a card, and whether it has one line only. */
export interface CardPorts extends NodePorts {
  compact?: boolean;
}

export function cardSize(ports: CardPorts): CardSize {
  const { above, below } = nameRoom(ports);
  return { width: CARD_WIDTH, height: above + (ports.compact ? COMPACT_HEIGHT : BODY_HEIGHT) + below };
}

const SIDE = 28;
const SIDE_GAP = 22;
const MOST_ASIDE = 4;

/**
 * The middles of ports, from the left side of the card. Ports that may stay open stand aside at the right, so that
 * the wire of a chain runs straight; where there are many, or names to write, all are spread evenly.
 */
export function portCenters(ports: readonly Port[]): number[] {
  const aside = ports.filter((port) => port.optional);
  const needed = ports.length - aside.length;
  if (showsNames(ports) || needed === 0 || aside.length === 0 || ports.length > MOST_ASIDE) {
    return ports.map((_, index) => spread(index, ports.length));
  }
  let placed = 0;
  return ports.map((port) =>
    port.optional
      ? CARD_WIDTH - SIDE - (aside.length - 1 - aside.indexOf(port)) * SIDE_GAP
      : spread(placed++, needed),
  );
}

function spread(index: number, count: number): number {
  return (CARD_WIDTH * (index + 1)) / (count + 1);
}

export function cardHandles(ports: CardPorts): Handle[] {
  const { height } = cardSize(ports);
  const above = portCenters(ports.inputs);
  const below = portCenters(ports.outputs);
  return [
    ...ports.inputs.map((port, index) => handle(port, "target", above[index] ?? 0, 0)),
    ...ports.outputs.map((port, index) => handle(port, "source", below[index] ?? 0, height)),
  ];
}

function handle(port: Port, type: "source" | "target", x: number, y: number): Handle {
  const position = type === "target" ? Position.Top : Position.Bottom;
  const half = PORT_SIZE / 2;
  return { id: port.id, type, position, x: x - half, y: y - half, width: PORT_SIZE, height: PORT_SIZE };
}

/** Where the wire of a port ends, from the top left of the card. */
export function wireEnd(ports: CardPorts, type: "source" | "target", port: string): { x: number; y: number } {
  const list = type === "source" ? ports.outputs : ports.inputs;
  const index = Math.max(
    0,
    list.findIndex((each) => each.id === port),
  );
  const half = PORT_SIZE / 2;
  const y = type === "source" ? cardSize(ports).height + half : -half;
  return { x: portCenters(list)[index] ?? CARD_WIDTH / 2, y };
}
