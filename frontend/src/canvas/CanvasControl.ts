import {
  type CanvasView,
  getSelection,
  openGraphOf,
  openInside,
  openPath,
  select,
  shownGraph,
  stepsShown,
} from "@/actions";
import {
  type DesignContent,
  type DesignDocument,
  type EdgeEnds,
  edgeKey,
  groupRefusal,
  wiresIn,
} from "@/document";
import { type Box, snap } from "@/graph/arrange";
import { bestInput, canConnect, type Graph, portsOf, topologicalOrder } from "@/graph/connections";
import type { Point } from "@/graph/curve";
import { Adding } from "./Adding";
import { blocksOf, collapse, collapsedBlocks, expand, type GraphPlace } from "./blocks";
import { Camera, type Flow, type Size } from "./Camera";
import type { CanvasModel } from "./CanvasModel";
import { cardSize } from "./card";
import type { Scheme } from "./coloring";
import type { FactIndex } from "./facts";
import { graphOf, nodePorts } from "./graphOf";
import type { FlowNode } from "./LayerNode";
import { drawGraph, savePicture } from "./picture";
import { announce, type OpenEnd, type QuickAddRequest, setCanvasState, useCanvasState } from "./state";
import { Tidying } from "./Tidying";
import { endsFrom, endsOf, type FlowConnection } from "./wiring";

/** What the canvas is part of. */
export interface Surroundings {
  element(): HTMLElement | null;
  facts: FactIndex;
  say(key: string, values?: Record<string, unknown>): string;
  scheme(): Scheme;
  /** Show a message to everybody. */
  tell(words: string): void;
}

/** What can be done on the canvas, by hand, by key and by other panels alike. */
export class CanvasControl implements CanvasView {
  private readonly element: () => HTMLElement | null;
  private readonly camera: Camera;
  private readonly tidying: Tidying;
  private readonly adding: Adding;
  readonly say: Surroundings["say"];

  constructor(
    readonly model: CanvasModel,
    private readonly flow: Flow,
    private readonly design: DesignDocument,
    private readonly around: Surroundings,
  ) {
    this.element = around.element;
    this.camera = new Camera(flow, around.element);
    this.tidying = new Tidying(design.commands, around);
    this.say = around.say;
    this.adding = new Adding(model, design, this);
  }

  /** The id of the graph on the canvas. */
  shown(): string {
    return shownGraph(this.content());
  }

  graph(): Graph {
    return graphOf(this.content(), this.shown());
  }

  /** The cards on the canvas, in view coordinates; a collapsed block stands for its nodes. */
  boxes(ids?: readonly string[]): Box[] {
    const wanted = ids && new Set(ids.map((id) => this.model.blockWith(id) ?? id));
    return this.model.nodes
      .filter((node) => !wanted || wanted.has(node.id))
      .map(({ id, position, width = 0, height = 0 }) => ({ id, ...position, width, height }));
  }

  move(places: Readonly<Record<string, Point>>, gesture?: string): void {
    const { nodes } = this.content();
    const moved: Record<string, Point> = {};
    for (const [id, place] of Object.entries(places)) {
      const card = this.model.find(id);
      if (!card?.data.block) {
        moved[id] = { x: place.x, y: this.model.squeeze.toDocument(place.y) };
        continue;
      }
      // A card that is dragged shows where it is dragged to; what it stands for follows from where it was.
      const dx = place.x - this.homeOf(card).x;
      const dy = place.y - this.homeOf(card).y;
      for (const member of card.data.block.nodes) {
        const { x = 0, y = 0 } = nodes[member] ?? {};
        moved[member] = { x: x + dx, y: y + dy };
      }
    }
    this.design.commands.moveNodes(moved, gesture ?? null);
  }

  /** Where the document puts the card of a collapsed block. */
  private homeOf(card: FlowNode): Point {
    const xs = card.data.block?.nodes.map((id) => this.content().nodes[id]?.x ?? 0) ?? [];
    return {
      x: (Math.min(...xs) + Math.max(...xs)) / 2,
      y: this.model.squeeze.tops.get(card.id) ?? card.position.y,
    };
  }

  /** While the view moves, its layer is kept as it was painted. */
  moving(now: boolean): void {
    const element = this.element();
    if (now) element?.setAttribute("data-moving", "");
    else element?.removeAttribute("data-moving");
  }

  fit(): void {
    this.camera.fit(this.boxes());
  }

  showAtFirst(): void {
    this.camera.showAtFirst(this.boxes());
  }

  /** The canvas has another size than before: a panel beside it was opened, closed or drawn wider. */
  resized(before: Size): void {
    this.camera.resized(before, this.boxes());
  }

  zoomIn(): void {
    this.camera.zoomIn();
  }

  zoomOut(): void {
    this.camera.zoomOut();
  }

  reveal(id: string): void {
    this.camera.reveal(this.model.find(this.model.blockWith(id) ?? id));
  }

  /** The middle of what is in view, in view coordinates. */
  viewCenter(): Point {
    return this.camera.viewCenter();
  }

  middle(): Point {
    const { x, y } = this.viewCenter();
    return { x, y: this.model.squeeze.toDocument(y) };
  }

  zoomToSelection(): void {
    const { nodes } = getSelection();
    if (nodes.length > 0) this.camera.fitBoxes(this.boxes(nodes), { padding: 0.3, maxZoom: 1.4 });
  }

  show(id: string): void {
    openGraphOf(this.content(), id);
    const block = this.model.blockWith(id);
    if (block) this.expand(block);
    select([id]);
    // A graph or block that was just opened is drawn first.
    if (this.model.find(id)) this.reveal(id);
    else requestAnimationFrame(() => requestAnimationFrame(() => this.reveal(id)));
  }

  /** Show what is inside a nested model; false for other nodes. */
  openInside(node: string): boolean {
    return openInside(this.content(), node);
  }

  /** Back to the graph around the one that is shown; false at the top. */
  leave(): boolean {
    const steps = stepsShown(this.content());
    const last = steps.at(-1);
    if (!last) return false;
    openPath(steps.slice(0, -1).map((step) => step.node));
    select([last.node]);
    return true;
  }

  private place(): GraphPlace {
    return { design: this.design.id, graph: this.shown() };
  }

  collapse(block: string | null): void {
    collapse(this.content(), this.place(), block);
  }

  expand(block: string | null): void {
    expand(this.place(), block);
  }

  hasCollapsed(): boolean {
    return collapsedBlocks(this.content(), this.place()).length > 0;
  }

  blockOf(node: string): string | null {
    return this.model.blockWith(node) ?? null;
  }

  blockToCollapse(node: string): string | null {
    if (!node || this.model.blockWith(node)) return null;
    return blocksOf(this.content(), this.shown()).find((block) => block.nodes.includes(node))?.id ?? null;
  }

  picture(kind: "svg" | "png"): void {
    const { content } = this.design.snapshot;
    const svg = drawGraph(content, this.shown(), this.around.facts, this.around.scheme());
    savePicture(svg, kind, content.meta.name).catch((error: Error) => this.around.tell(error.message));
  }

  group(): void {
    const { nodes } = getSelection();
    const graph = this.shown();
    const refusal = groupRefusal(this.content(), graph, nodes);
    if (refusal) {
      announce(this.say(`group.${refusal}`));
      this.around.tell(this.say(`group.${refusal}`));
      return;
    }
    const made = this.design.commands.group(graph, nodes, this.say("group.name"), {
      tensor: (node, port) => {
        const known = this.around.facts.of(node).analysis;
        return known && { shape: known.output_shapes[port], dtype: known.output_dtypes[port] };
      },
      firstOutput: (node) => portsOf(this.graph(), node).outputs[0]?.id,
    });
    select(made);
  }

  unpack(node: string): void {
    // What was not analysed yet may have weights.
    const hasWeights = (id: string) => (this.around.facts.of(id).analysis?.params ?? 1) > 0;
    select(this.design.commands.unpack(node, { hasWeights }));
  }

  focusCanvas(): void {
    this.element()?.focus({ preventScroll: true });
  }

  addLayer(className: string): string | null {
    return this.adding.addLayer(className);
  }

  freePlace(): Point {
    return this.adding.freePlace();
  }

  /** Open the search for a layer at a place on the screen; without one, the layer goes where `addLayer` puts it. */
  openQuickAdd(place?: Point, from: OpenEnd | null = null): void {
    if (!this.design.status.canEdit) return;
    const screen = place ?? this.flow.flowToScreenPosition(this.viewCenter());
    setCanvasState({ quickAdd: { at: place ? this.toCanvas(place) : null, screen, from } });
  }

  pickQuickAdd(className: string, request: QuickAddRequest): void {
    this.adding.pick(className, request);
  }

  toCanvas(screen: Point): Point {
    return this.flow.screenToFlowPosition(screen);
  }

  content(): DesignContent {
    return this.design.snapshot.content;
  }

  /** Whether React Flow may offer this wire: the connection rules decide. */
  allows(wire: FlowConnection): boolean {
    const ends = endsOf(wire);
    return ends !== null && canConnect(this.graph(), ends) === null;
  }

  connect(wire: FlowConnection): void {
    const ends = endsOf(wire);
    if (ends && this.allows(wire)) this.design.commands.connect(edgeKey(ends));
  }

  /** Move one end of a wire to another port. */
  reconnect(key: string, wire: FlowConnection): void {
    const ends = endsOf(wire);
    if (ends && edgeKey(ends) !== key) this.design.commands.rewire({ disconnect: [key], connect: [ends] });
  }

  /** A wire let go over a card goes to that card's best port; over empty canvas it asks for a layer. */
  dropWire(from: OpenEnd, screen: Point): void {
    const card = document.elementFromPoint(screen.x, screen.y)?.closest<HTMLElement>(".react-flow__node");
    if (!card) this.openQuickAdd(screen, from);
    else if (
      card.dataset.id &&
      !this.model.find(card.dataset.id)?.data.block &&
      card.dataset.id !== from.node
    )
      this.connectToNode(from, card.dataset.id);
  }

  /** A layer dragged from the palette: into the wire below the pointer, or where it was let go. */
  dropLayer(className: string, screen: Point): void {
    const at = this.toCanvas(screen);
    this.adding.addAt(className, at, null, this.adding.wireAt(at, className));
    this.focusCanvas();
  }

  wireUnder(node: FlowNode): string | null {
    return this.adding.wireUnder(node);
  }

  /** The end of a drag: the new places go into the document, and a wire below takes the card in. */
  dropNodes(ids: readonly string[]): void {
    const [only] = ids;
    const all =
      only && this.model.find(only)?.selected ? [...new Set([...ids, ...getSelection().nodes])] : ids;
    const places = this.boxes(all).map(({ id, x, y }) => [id, { x, y }] as const);
    const wire = places.length === 1 ? useCanvasState.getState().dropWire : null;
    this.move(Object.fromEntries(places), wire ? `insert ${only}` : undefined);
    if (wire && only) this.adding.insertInto(wire, only);
  }

  startConnect(): void {
    const [node] = getSelection().nodes;
    const outputs = node ? this.model.find(node)?.data.ports.outputs.length : 0;
    if (node && outputs) setCanvasState({ connectFrom: node, connectChoice: null });
    else announce(this.say(node ? "refusal.no_output" : "announce.selectFirst"));
  }

  /** Connect a port to the best free port of a node, when that is allowed. */
  connectToNode(end: OpenEnd, node: string): boolean {
    const graph = this.graph();
    const ends = end.type === "source" ? this.endsInto(graph, end, node) : endsFrom(this.model, end, node);
    if (!ends || canConnect(graph, ends)) return false;
    this.design.commands.rewire({ connect: [ends] });
    return true;
  }

  tidy(nodes: readonly string[] | null): void {
    const content = this.content();
    const wires = wiresIn(content, this.shown());
    const wanted = nodes && nodes.length > 1 ? new Set(nodes) : null;
    // In building order, and in the document's own coordinates: what is collapsed is laid out too.
    const boxes = topologicalOrder(this.graph())
      .filter((id) => !wanted || wanted.has(id))
      .map((id) => {
        const { x = 0, y = 0 } = content.nodes[id] ?? {};
        return { id, x, y, ...cardSize(nodePorts(id, content, wires)) };
      });
    if (boxes.length === 0) return;
    this.tidying.start(boxes, wires, () => {
      announce(this.say("announce.tidied", { count: boxes.length }));
      if (!wanted) requestAnimationFrame(() => this.fit());
    });
  }

  cancelTidy(): void {
    this.tidying.cancel();
  }

  /** Pull a dragged node to the lines of its neighbours and show those lines. */
  snapped(id: string, at: Point): Point {
    const node = this.model.find(id);
    if (!node) return at;
    const moved = { id, ...at, width: node.width ?? 0, height: node.height ?? 0 };
    const near: Box[] = [];
    for (const { id: other, position, width = 0, height = 0 } of this.model.nodes) {
      if (other === id || Math.abs(position.x - at.x) >= 1600 || Math.abs(position.y - at.y) >= 1200)
        continue;
      near.push({ id: other, ...position, width, height });
    }
    const { x, y, guides } = snap(moved, near, 6 / this.flow.getZoom());
    if (guides.length > 0 || useCanvasState.getState().guides.length > 0) setCanvasState({ guides });
    return { x, y };
  }

  private endsInto(graph: Graph, end: OpenEnd, node: string): EdgeEnds | null {
    const port = bestInput(graph, node);
    return (port && { source: end.node, source_port: end.port, target: node, target_port: port.id }) || null;
  }
}
