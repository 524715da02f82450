import { beforeAll, describe, expect, it } from "vitest";
import { setCatalog } from "@/catalog";
import { loadCatalog } from "@/catalog/testing";
import { DesignDocument, type JsonObject, wiresOf } from "@/document";
import { portsOf } from "@/graph/connections";
import { graphOf, nodePorts } from "./graphOf";

beforeAll(() => void setCatalog(loadCatalog()));

function drawn() {
  const design = DesignDocument.local();
  return {
    design,
    add: (class_name: string, params: JsonObject = {}) =>
      design.commands.addLayer({ class_name, params, x: 0, y: 0 }) as string,
    layerOf: (node: string) => design.snapshot.content.nodes[node]?.layer as string,
    /** The outputs of a card, which are those that a wire may be drawn from. */
    outputs: (node: string) => {
      const { content } = design.snapshot;
      const ids = nodePorts(node, content, wiresOf(content.edges)).outputs.map((port) => port.id);
      expect(portsOf(graphOf(content, ""), node).outputs.map((port) => port.id)).toEqual(ids);
      return ids;
    },
  };
}

describe("the ports of a card", () => {
  it("follow the layers that its layer refers to, and what is changed there", () => {
    const { design, add, layerOf, outputs } = drawn();
    const cell = layerOf(add("LSTMCell", { units: 2 }));
    const inner = add("RNN", { cell: { layer: cell }, return_state: true });
    const both = add("Bidirectional", { layer: { layer: layerOf(inner) } });
    expect(outputs(inner)).toEqual(["output", "state_h", "state_c"]);
    expect(outputs(both)).toEqual(["output", "forward_h", "forward_c", "backward_h", "backward_c"]);
    design.commands.applyEdits([{ op: "set", path: ["layers", cell, "class_name"], value: "GRUCell" }]);
    expect(outputs(inner)).toEqual(["output", "state_h"]);
    expect(outputs(both)).toEqual(["output", "forward_h", "backward_h"]);
  });

  it("follow the arguments of its call", () => {
    const { design, add, outputs } = drawn();
    const node = add("MultiHeadAttention", { num_heads: 2, key_dim: 2 });
    expect(outputs(node)).toEqual(["output"]);
    const path = ["nodes", node, "arguments", "return_attention_scores"];
    design.commands.applyEdits([{ op: "set", path, value: true }]);
    expect(outputs(node)).toEqual(["output", "attention_scores"]);
  });

  it("have a spare one where any number of tensors comes out", () => {
    const { design, add, outputs } = drawn();
    const node = add("ops.split", { indices_or_sections: 3 });
    const end = add("Output");
    expect(outputs(node)).toEqual(["outputs.0"]);
    design.commands.connect(`${node}:outputs.0->${end}:input`);
    expect(outputs(node)).toEqual(["outputs.0", "outputs.1"]);
  });
});
