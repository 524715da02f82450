import { Position } from "@xyflow/react";
import type { NodePorts } from "@/graph/connections";
import type { Port } from "@/graph/ports";

/** Sizes of a layer card in canvas pixels. They are known before anything is drawn: nothing is ever measured. */
export const CARD_WIDTH = 236;
const BODY_HEIGHT = 58;
/** An operation is one line. */
const COMPACT_HEIGHT = 38;
const PORT_ROW = 14;
export const PORT_SIZE = 12;

export interface CardSize {
  width: number;
  height: number;
}

const END = { optional: false, variadic: false, stale: false };

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
export function showsNames(ports: readonly Port[]): boolean {
  return ports.filter((port) => !port.variadic).length > 1;
}

/** The ports of a card, and whether it has one line only. */
export interface CardPorts extends NodePorts {
  compact?: boolean;
}

export function cardSize({ inputs, outputs, compact }: CardPorts): CardSize {
  const rows = Number(showsNames(inputs)) + Number(showsNames(outputs));
  return { width: CARD_WIDTH, height: (compact ? COMPACT_HEIGHT : BODY_HEIGHT) + rows * PORT_ROW };
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
