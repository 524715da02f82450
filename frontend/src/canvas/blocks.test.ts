import { describe, expect, it } from "vitest";
import { loadCatalog } from "@/catalog/testing";
import { DesignDocument, edgeKey } from "@/document";
import { collapse, collapsedBlocks, expand } from "./blocks";

loadCatalog();

/** A chain of two repeated blocks of three layers each. */
function repeated() {
  const design = DesignDocument.local();
  const nodes = ["block1_conv", "block1_bn", "block1_relu", "block2_conv", "block2_bn", "block2_relu"].map(
    (name, row) => design.commands.addLayer({ class_name: "Dense", name, x: 0, y: row * 100 }),
  ) as string[];
  for (const [index, target] of nodes.slice(1).entries()) {
    const source = nodes[index] as string;
    design.commands.connect(edgeKey({ source, source_port: "output", target, target_port: "input" }));
  }
  return design.snapshot.content;
}

describe("collapsing repeated blocks", () => {
  const content = repeated();
  const here = { design: "here", graph: "" };
  const shown = (place = here) => collapsedBlocks(content, place).map((block) => block.title);

  it("begins with all layers of a small graph, and expands one block or all", () => {
    expect(shown()).toEqual([]);
    collapse(content, here, null);
    const all = collapsedBlocks(content, here);
    expect(all.map((block) => block.nodes.length)).toEqual([3, 3]);
    expand(here, all[0]?.id ?? null);
    expect(shown()).toEqual([all[1]?.title]);
    collapse(content, here, all[0]?.id ?? null);
    expect(shown()).toHaveLength(2);
    expand(here, null);
    expect(shown()).toEqual([]);
  });

  it("in one design says nothing of another, though the graph of each is called the same", () => {
    collapse(content, here, null);
    expect([shown().length, shown({ design: "there", graph: "" }).length]).toEqual([2, 0]);
  });
});
