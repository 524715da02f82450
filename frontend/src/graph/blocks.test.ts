import { describe, expect, it } from "vitest";
import { type BlockNode, blockPrefix, findBlocks } from "./blocks";

/** A chain of `Class:name` items. */
function chain(...items: string[]) {
  const order: BlockNode[] = items.map((item, index) => {
    const [className = "", name = ""] = item.split(":");
    return { id: `n${index}`, name, className };
  });
  const wires = order.slice(1).map((node, index) => ({
    source: order[index]?.id as string,
    source_port: "output",
    target: node.id,
    target_port: "input",
  }));
  return { order, wires };
}

const members = ({ order, wires }: ReturnType<typeof chain>) =>
  findBlocks(order, wires).map(({ title, nodes, alike }) => [title, nodes.join(" "), alike]);

describe("the prefix of a block", () => {
  it.each([
    ["block2a_expand_conv", "block2a"],
    ["conv2_block1_1_conv", "conv2_block1"],
    ["block_1_expand_relu", "block_1"],
    ["convnext_tiny_stage_0_block_2_depthwise_conv", "convnext_tiny_stage_0_block_2"],
    ["stem_conv", null],
    ["conv2d_12", null],
    ["block2a", null],
  ])("of %s is %s", (name, prefix) => expect(blockPrefix(name)).toBe(prefix));
});

describe("blocks", () => {
  it("are nodes whose names begin alike, and say how many look the same", () => {
    const found = members(
      chain(
        "InputLayer:input",
        "Conv2D:block1_conv",
        "ReLU:block1_relu",
        "Add:block1_add",
        "Conv2D:block2_conv",
        "ReLU:block2_relu",
        "Add:block2_add",
        "Dense:top",
      ),
    );
    expect(found).toEqual([
      ["block1", "n1 n2 n3", 2],
      ["block2", "n4 n5 n6", 2],
    ]);
  });

  it("are repeated stretches of a chain, whatever its layers are called", () => {
    const turn = (number: number) => [
      `Conv2D:a${number}`,
      `BatchNormalization:b${number}`,
      `ReLU:c${number}`,
    ];
    const found = members(chain("InputLayer:input", ...turn(1), ...turn(2), ...turn(3), "Dense:top"));
    expect(found).toEqual([
      ["c1", "n1 n2 n3", 3],
      ["c2", "n4 n5 n6", 3],
      ["c3", "n7 n8 n9", 3],
    ]);
  });

  it("take a branch and its merge as one", () => {
    const { order, wires } = chain(
      "InputLayer:input",
      "Conv2D:a",
      "Add:first",
      "Dense:x",
      "Conv2D:b",
      "Add:second",
      "Flatten:end",
    );
    const skip = (from: number, to: number) => ({
      source: `n${from}`,
      source_port: "output",
      target: `n${to}`,
      target_port: "inputs.1",
    });
    const found = findBlocks(order, [...wires, skip(0, 2), skip(3, 5)]);
    expect(found).toEqual([]);
    const wide = chain("InputLayer:i", "Conv2D:a", "ReLU:r", "Add:first", "Conv2D:b", "ReLU:s", "Add:second");
    expect(
      findBlocks(wide.order, [...wide.wires, skip(0, 3), skip(3, 6)]).map((block) => block.title),
    ).toEqual(["first", "second"]);
  });

  it("are none where nothing repeats, and in an empty design", () => {
    expect(members(chain("InputLayer:i", "Dense:a", "ReLU:b", "Dropout:c"))).toEqual([]);
    expect(findBlocks([], [])).toEqual([]);
  });
});
