import { getSelection, select } from "@/actions";
import { layerTitle } from "@/catalog";
import { type DesignDocument, MODEL, parseEdgeKey } from "@/document";
import type { Box } from "@/graph/arrange";
import { type Curve, nearestCurve, type Point } from "@/graph/curve";
import type { CanvasModel } from "./CanvasModel";
import { CARD_WIDTH } from "./card";
import type { FlowNode } from "./LayerNode";
import { announce, type OpenEnd, type QuickAddRequest } from "./state";
import { layerInputs, layerOutputs, newSize, wiring } from "./wiring";

const GAP = 46;
const DROP_REACH = 26;

/** The canvas as far as adding to it needs to know. */
export interface Around {
  /** The id of the graph on the canvas. */
  shown(): string;
  boxes(): Box[];
  viewCenter(): Point;
  say(key: string, values?: Record<string, unknown>): string;
}

/** Where new layers stand and what they are wired to: in the view, at the end of a wire, or in the middle of one. */
export class Adding {
  constructor(
    private readonly model: CanvasModel,
    private readonly design: DesignDocument,
    private readonly canvas: Around,
  ) {}

  /** Add a layer in the middle of the view, or below the one selected node and wired to it. */
  addLayer(className: string): string | null {
    const [only, ...more] = getSelection().nodes;
    const behind = only && more.length === 0 ? this.model.find(only) : undefined;
    const from = behind && layerInputs(className).length > 0 ? behind.data.ports.outputs[0] : undefined;
    if (!behind || !from)
      return this.addAt(className, this.uncovered(className, this.canvas.viewCenter()), null);
    const end: OpenEnd = { node: behind.id, port: from.id, type: "source" };
    const place = {
      x: behind.position.x + CARD_WIDTH / 2,
      y: behind.position.y + (behind.height ?? 0) + GAP + newSize(className).height / 2,
    };
    return this.addAt(className, this.uncovered(className, place), end);
  }

  /** A place in the middle of the view where no card stands, in the document's coordinates. */
  freePlace(): Point {
    const { x, y } = this.uncovered(MODEL, this.canvas.viewCenter());
    const { width, height } = newSize(MODEL);
    return {
      x: Math.round(x - width / 2),
      y: Math.round(this.model.squeeze.toDocument(y - height / 2)),
    };
  }

  /** Add a layer with its middle at `at`, wired to `from`, or put into the wire that passes there. */
  addAt(className: string, at: Point, from: OpenEnd | null, wire: string | null = null): string | null {
    const { width, height } = newSize(className);
    const node = this.design.commands.addLayer({
      class_name: className,
      graph: this.canvas.shown(),
      x: Math.round(at.x - width / 2),
      y: Math.round(this.model.squeeze.toDocument(at.y - height / 2)),
      ...wiring(className, from, wire),
    });
    if (node) {
      select([node]);
      announce(this.canvas.say("announce.added", { layer: layerTitle(className) }));
    }
    return node;
  }

  /** Where a layer dropped at `at` from a wire's end stands: with its port at the pointer. */
  private placeForEnd(className: string, at: Point, from: OpenEnd | null): Point {
    const { height } = newSize(className);
    if (!from) return at;
    return { x: at.x, y: at.y + (from.type === "source" ? height / 2 : -height / 2) };
  }

  /** The wire under `at` into which a new layer of this class could be put. */
  wireAt(at: Point, className: string): string | null {
    const passes = layerInputs(className).length > 0 && layerOutputs(className).length > 0;
    return passes ? nearestCurve(this.curves(), at, DROP_REACH) : null;
  }

  /** Put an unconnected node into a wire, as one step. */
  insertInto(key: string, node: string): void {
    const wire = parseEdgeKey(key);
    const ports = this.model.find(node)?.data.ports;
    const input = ports?.inputs[0];
    const output = ports?.outputs[0];
    if (!wire || !input || !output) return;
    const change = {
      disconnect: [key],
      connect: [
        { ...wire, target: node, target_port: input.id },
        { ...wire, source: node, source_port: output.id },
      ],
    };
    this.design.commands.rewire(change, `insert ${node}`);
  }

  /** Add the layer that was picked in the search. */
  pick(className: string, { at, from }: QuickAddRequest): void {
    if (at) this.addAt(className, this.placeForEnd(className, at, from), from);
    else this.addLayer(className);
  }

  /** The wire into which a dragged node would be put: it takes and gives something, and is not connected yet. */
  wireUnder({ id, position, width = 0, height = 0, data }: FlowNode): string | null {
    const passes = !data.block && data.ports.inputs.length > 0 && data.ports.outputs.length > 0;
    const isConnected = () => this.model.wires.some((wire) => wire.source === id || wire.target === id);
    if (!passes || isConnected()) return null;
    const middle = { x: position.x + width / 2, y: position.y + height / 2 };
    return nearestCurve(this.curves(), middle, DROP_REACH);
  }

  private *curves(): Generator<readonly [string, Curve]> {
    for (const wire of this.model.wires) {
      const curve = wire.routed ? null : this.model.curveOf(wire);
      if (curve) yield [wire.key, curve];
    }
  }

  private uncovered(className: string, at: Point): Point {
    const { width, height } = newSize(className);
    const boxes = this.canvas.boxes();
    const place = { ...at };
    const covered = () =>
      boxes.some(
        (box) =>
          Math.abs(box.x + box.width / 2 - place.x) < (box.width + width) / 2 &&
          Math.abs(box.y + box.height / 2 - place.y) < (box.height + height) / 2,
      );
    for (let tries = 0; tries < 40 && covered(); tries++) place.x += width + 28;
    return place;
  }
}
