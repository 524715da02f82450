import type * as Y from "yjs";
import { copyFragment, type Fragment, ownNodes, remapFragment } from "./fragment";
import { MODEL, namesIn, TOP } from "./graphs";
import type { History } from "./history";
import { equal, findAt, type JsonObject, type JsonValue } from "./json";
import {
  type Code,
  type DesignContent,
  type EdgeEnds,
  type Edit,
  edgeKey,
  MAX_COORDINATE,
  parseEdgeKey,
  wiresOf,
} from "./model";
import { copiedName, freeName, newId, snakeCase } from "./names";
import { groupEdits, type KnownFacts, type Nested, removalOf, unpackEdits } from "./nest";
import { isRoot, removeAt, setAt } from "./schema";

export interface NewLayer {
  class_name: string;
  params?: JsonObject;
  /** The wished Keras name; without it the class name in snake case. Made unique either way. */
  name?: string;
  x: number;
  y: number;
  /** The nested model that it is drawn in; the design itself where it is left out. */
  graph?: string;
  /** Wires to draw along with it; `NEW_NODE` stands for the id that the node will get. */
  connect?: EdgeEnds[];
  /** Wires to take away along with it. */
  disconnect?: string[];
}

export const NEW_NODE = "new";

export interface Place {
  x: number;
  y: number;
}

/** Where the commands read and write; `canEdit` is false for a viewer, whose commands do nothing. */
export interface CommandTarget {
  doc: Y.Doc;
  history: History;
  content(): DesignContent;
  canEdit(): boolean;
}

export type Commands = ReturnType<typeof createCommands>;

const DUPLICATE_OFFSET = 32;

/** Every way to change a design. Each call is one transaction and one step of undo. */
export function createCommands(target: CommandTarget) {
  const { doc, history, content } = target;

  function edit(change: () => void, gesture: string | null = null): boolean {
    if (!target.canEdit()) return false;
    history.run(change, gesture);
    return true;
  }

  function set(path: string[], value: JsonValue): void {
    // A value that the snapshot only fills in as a default may still be wanted in the document itself.
    const filledIn = path[0] === "training" || path[0] === "meta";
    if (!filledIn && equal(findAt(content(), path), value)) return;
    edit(() => setAt(doc, path, value), `set ${JSON.stringify(path)}`);
  }

  function unset(path: string[]): void {
    if (findAt(content(), path) === undefined) return;
    edit(() => removeAt(doc, path), `unset ${JSON.stringify(path)}`);
  }

  function freeTarget(wire: EdgeEnds): void {
    for (const other of wiresOf(content().edges)) {
      if (other.target === wire.target && other.target_port === wire.target_port)
        removeAt(doc, ["edges", other.key]);
    }
  }

  function draw(ends: EdgeEnds): void {
    freeTarget(ends);
    setAt(doc, ["edges", edgeKey(ends)], {});
  }

  function apply(edits: readonly Edit[]): void {
    for (const change of edits) {
      if (change.op === "set") setAt(doc, change.path, change.value);
      else removeAt(doc, change.path);
    }
  }

  function nest({ edits, select }: Nested): string[] {
    return edit(() => apply(edits)) ? select : [];
  }

  function insert(fragment: Fragment): void {
    for (const [id, graph] of Object.entries(fragment.graphs))
      setAt(doc, ["graphs", id], graph as unknown as JsonValue);
    for (const [id, code] of Object.entries(fragment.code))
      setAt(doc, ["code", id], code as unknown as JsonValue);
    for (const [id, layer] of Object.entries(fragment.layers)) {
      setAt(doc, ["layers", id], layer as unknown as JsonValue);
    }
    for (const [id, node] of Object.entries(fragment.nodes))
      setAt(doc, ["nodes", id], node as unknown as JsonValue);
    for (const key of Object.keys(fragment.edges)) setAt(doc, ["edges", key], {});
  }

  function removeNodes(ids: ReadonlySet<string>): void {
    const { edges, training } = content();
    const gone = removalOf(content(), ids);
    for (const wire of wiresOf(edges)) {
      if (gone.nodes.has(wire.source) || gone.nodes.has(wire.target)) removeAt(doc, ["edges", wire.key]);
    }
    for (const id of gone.nodes) {
      removeAt(doc, ["nodes", id]);
      for (const section of ["losses", "metrics", "targets", "columns", "tasks"] as const)
        if (training[section][id]) removeAt(doc, ["training", section, id]);
    }
    for (const id of gone.layers) removeAt(doc, ["layers", id]);
    for (const id of gone.graphs) removeAt(doc, ["graphs", id]);
  }

  return {
    /** Add a layer and its first call; returns the id of the node, or null for a viewer. */
    addLayer(layer: NewLayer): string | null {
      const node = newId();
      const id = newId();
      const base = layer.name ?? snakeCase(layer.class_name.replace(/^ops\./, ""));
      const name = freeName(base, namesIn(content(), layer.graph ?? TOP));
      const params = { ...layer.params };
      const inside = layer.class_name === MODEL && params.graph === undefined ? newId() : null;
      if (inside) params.graph = inside;
      const done = edit(() => {
        for (const key of layer.disconnect ?? []) removeAt(doc, ["edges", key]);
        if (inside) setAt(doc, ["graphs", inside], { name, model_class: "auto" });
        setAt(doc, ["layers", id], { class_name: layer.class_name, name, params });
        setAt(doc, ["nodes", node], newNode(id, layer));
        for (const ends of layer.connect ?? []) draw(withNode(ends, node));
      });
      return done ? node : null;
    },

    /** Call the layer of `node` a second time: both calls share its weights. */
    shareLayer(node: string, place: Place): string | null {
      const original = content().nodes[node];
      if (!original) return null;
      const id = newId();
      const twin = newNode(original.layer, { ...place, graph: original.graph });
      return edit(() => setAt(doc, ["nodes", id], twin)) ? id : null;
    },

    /** Give a call of a shared layer a layer of its own, like the shared one in all but its name and its weights. */
    makeIndependent(node: string): void {
      const call = content().nodes[node];
      const layer = content().layers[call?.layer ?? ""];
      if (!call || !layer) return;
      const id = newId();
      const name = copiedName(layer.name, namesIn(content(), call.graph));
      edit(() => {
        setAt(doc, ["layers", id], { ...layer, name } as unknown as JsonValue);
        setAt(doc, ["nodes", node, "layer"], id);
      });
    },

    /** Put nodes of one graph into a nested model called `name`; returns the node that stands for it. */
    group(graph: string, ids: readonly string[], name: string, known?: KnownFacts): string[] {
      const nested = groupEdits(content(), graph, ids, name, known);
      return nested ? nest(nested) : [];
    },

    /** Put what is inside a Model layer in its place; returns the nodes that came out. */
    unpack(node: string, known: KnownFacts = {}): string[] {
      const nested = unpackEdits(content(), node, known);
      return nested ? nest(nested) : [];
    },

    /** Set the name of a nested model's graph, or what Keras builds it as. */
    setGraph(graph: string, field: "name" | "model_class", value: string): void {
      if (content().graphs[graph] && value.length > 0) set(["graphs", graph, field], value.slice(0, 200));
    },

    /** Draw a wire; one that already ends at the same port is replaced. */
    connect(key: string): void {
      const wire = parseEdgeKey(key);
      if (wire && !content().edges[key]) edit(() => draw(wire));
    },

    /** Draw several wires and take others away in one step. */
    rewire(change: { connect?: EdgeEnds[]; disconnect?: string[] }, gesture: string | null = null): void {
      edit(() => {
        for (const key of change.disconnect ?? []) removeAt(doc, ["edges", key]);
        for (const ends of change.connect ?? []) draw(ends);
      }, gesture);
    },

    /** Move nodes to new places, in canvas pixels. `gesture` merges the steps of one nudge. */
    moveNodes(places: Readonly<Record<string, Place>>, gesture: string | null = null): void {
      const moved = Object.entries(places).filter(([id, place]) => {
        const node = content().nodes[id];
        return node && (node.x !== place.x || node.y !== place.y);
      });
      if (moved.length === 0) return;
      edit(() => {
        for (const [id, place] of moved) {
          setAt(doc, ["nodes", id, "x"], clamp(place.x));
          setAt(doc, ["nodes", id, "y"], clamp(place.y));
        }
      }, gesture);
    },

    /** Set a parameter of a layer: `setParam(id, ["units"], 64)`, `setParam(id, ["kernel_initializer", "config", "seed"], 1)`. */
    setParam(layer: string, path: string[], value: JsonValue): void {
      if (content().layers[layer] && path.length > 0) set(["layers", layer, "params", ...path], value);
    },

    unsetParam(layer: string, path: string[]): void {
      if (path.length > 0) unset(["layers", layer, "params", ...path]);
    },

    /** Say of several layers whether training changes their weights, as one step. */
    setTrainable(layers: readonly string[], trainable: boolean): void {
      const known = layers.filter((id) => content().layers[id]);
      if (known.length === 0) return;
      edit(() => {
        for (const id of known) {
          if (trainable) removeAt(doc, ["layers", id, "params", "trainable"]);
          else setAt(doc, ["layers", id, "params", "trainable"], false);
        }
      });
    },

    /** Give a layer another Keras name; `name` is taken as typed, twice-used names are a problem shown elsewhere. */
    renameLayer(layer: string, name: string): void {
      if (content().layers[layer] && name.length > 0) set(["layers", layer, "name"], name.slice(0, 200));
    },

    /** Set a call argument, the colour or the note of a node: `setNode(id, ["note"], "first block")`. */
    setNode(node: string, path: string[], value: JsonValue): void {
      if (content().nodes[node] && path.length > 0) set(["nodes", node, ...path], value);
    },

    unsetNode(node: string, path: string[]): void {
      if (path.length > 0) unset(["nodes", node, ...path]);
    },

    setTraining(path: string[], value: JsonValue): void {
      if (path.length > 0) set(["training", ...path], value);
    },

    unsetTraining(path: string[]): void {
      if (path.length > 0) unset(["training", ...path]);
    },

    setMeta(path: string[], value: JsonValue): void {
      if (path.length > 0) set(["meta", ...path], value);
    },

    /** Keep a piece of own code in the design; returns its id, or null for a viewer. */
    addCode(code: Code): string | null {
      const id = newId();
      return edit(() => setAt(doc, ["code", id], code as unknown as JsonValue)) ? id : null;
    },

    /** Set a field of a piece of own code; typing in one field merges into one step. */
    setCode(id: string, field: keyof Code, value: string): void {
      if (content().code[id]) set(["code", id, field], value);
    },

    removeCode(id: string): void {
      unset(["code", id]);
    },

    /** Delete nodes with their wires, and the layers that nothing calls any more. */
    deleteNodes(ids: readonly string[]): void {
      const present = new Set(ids.filter((id) => content().nodes[id]));
      if (present.size > 0) edit(() => removeNodes(present));
    },

    /** Delete what is selected, wires and nodes, as one step. */
    deleteElements(nodes: readonly string[], edges: readonly string[]): void {
      const present = new Set(nodes.filter((id) => content().nodes[id]));
      if (present.size === 0 && edges.length === 0) return;
      edit(() => {
        for (const key of edges) removeAt(doc, ["edges", key]);
        removeNodes(present);
      });
    },

    /** Add a copied fragment to `graph`, moved by (dx, dy); returns the ids of the new nodes. */
    paste(fragment: Fragment, dx: number, dy: number, graph: string = TOP): string[] {
      const fresh = remapFragment(fragment, content(), graph, dx, dy);
      return edit(() => insert(fresh)) ? ownNodes(fresh, graph) : [];
    },

    /** Copy nodes a little below themselves; returns the ids of the copies. */
    duplicate(ids: readonly string[]): string[] {
      const graph = content().nodes[ids[0] ?? ""]?.graph;
      if (graph === undefined) return [];
      const copy = copyFragment(content(), ids);
      const fresh = remapFragment(copy, content(), graph, DUPLICATE_OFFSET, DUPLICATE_OFFSET);
      return edit(() => insert(fresh)) ? ownNodes(fresh, graph) : [];
    },

    /** Apply the edits of a fix that a problem offers, as one step. */
    applyEdits(edits: readonly Edit[]): void {
      const valid = edits.filter((change) => isRoot(change.path[0]) && change.path.length > 1);
      if (valid.length === 0) return;
      edit(() => apply(valid));
    },

    /** The next edit is a new step of undo: call it when a field loses focus. */
    endGesture: history.endGesture,
  };
}

function newNode(layer: string, { x, y, graph }: Place & { graph?: string }): JsonObject {
  return { layer, graph: graph ?? TOP, x: clamp(x), y: clamp(y), color: "", note: "", arguments: {} };
}

function withNode(ends: EdgeEnds, node: string): EdgeEnds {
  return {
    ...ends,
    source: ends.source === NEW_NODE ? node : ends.source,
    target: ends.target === NEW_NODE ? node : ends.target,
  };
}

function clamp(value: number): number {
  const finite = Number.isFinite(value) ? value : 0;
  return Math.round(Math.max(-MAX_COORDINATE, Math.min(MAX_COORDINATE, finite)) * 100) / 100;
}
