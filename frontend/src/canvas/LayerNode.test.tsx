import { MantineProvider } from "@mantine/core";
import { act, cleanup, render, screen } from "@testing-library/react";
import { type NodeProps, ReactFlowProvider } from "@xyflow/react";
import { Profiler } from "react";
import { afterEach, describe, expect, it } from "vitest";
import "@/i18n";
import { DesignDocument, DesignProvider } from "@/document";
import { FactContext, FactIndex } from "./facts";
import { nodePorts } from "./graphOf";
import { type FlowNode, LayerNode } from "./LayerNode";
import { summarize, wireLabel } from "./summary";

afterEach(cleanup);

/** Cards of `count` layers, with a count of how often each was rendered. */
function cards(count: number) {
  const design = DesignDocument.local();
  const ids = Array.from({ length: count }, () =>
    design.commands.addLayer({ class_name: "Dense", x: 0, y: 0 }),
  );
  const facts = new FactIndex();
  const renders = new Map<string, number>();
  const { layers, nodes } = design.snapshot.content;
  render(
    <MantineProvider>
      <ReactFlowProvider>
        <FactContext value={facts}>
          <DesignProvider designId="local" canEdit document={design}>
            {(ids as string[]).map((id) => (
              <Profiler key={id} id={id} onRender={(name) => renders.set(name, (renders.get(name) ?? 0) + 1)}>
                <LayerNode
                  {...({ id, selected: false } as NodeProps<FlowNode>)}
                  data={{ ports: nodePorts(id, { nodes, layers }, []) }}
                />
              </Profiler>
            ))}
          </DesignProvider>
        </FactContext>
      </ReactFlowProvider>
    </MantineProvider>,
  );
  renders.clear();
  return { design, facts, renders, ids: ids as string[] };
}

const analysed = (id: string, params: number) => ({
  id,
  name: id,
  class: "Dense",
  input_shapes: {},
  output_shapes: { output: [null, 4] },
  output_dtypes: {},
  params,
  trainable_params: params,
  flops: 0,
  activation_bytes: 0,
  graph: "",
});

describe("a card", () => {
  it("is the only one rendered when its layer's parameter changes, of a hundred", () => {
    const { design, renders, ids } = cards(100);
    const id = ids[7] as string;
    const layer = design.snapshot.content.nodes[id]?.layer as string;
    act(() => design.commands.setParam(layer, ["units"], 64));
    expect([...renders]).toEqual([[id, 1]]);
    expect(screen.getByTestId(`node-${id}`).textContent).toContain("64");
  });

  it("is rendered again by an analysis only when that says something new of it", () => {
    const { facts, renders, ids } = cards(50);
    const say = (last: number) =>
      act(() =>
        facts.update({
          nodes: ids.map((id, index) => analysed(id, index === 49 ? last : 10)),
          total_params: 0,
          trainable_params: 0,
          problems: [],
          costs: { flops: 0, activation_bytes: 0, training_bytes: 0, weights_bytes: 0 },
          learned: {},
          weights: {},
        }),
      );
    say(10);
    renders.clear();
    say(1234);
    expect([...renders]).toEqual([[ids[49], 1]]);
    expect(screen.getByTestId(`node-${ids[49]}`).textContent).toContain("1.23K");
  });
});

describe("words on the canvas", () => {
  const spec = {
    name: "Conv2D",
    kind: "layers" as const,
    qualified_name: "keras.layers.Conv2D",
    params: [
      { name: "filters", kind: "integer" as const },
      { name: "kernel_size", kind: "size" as const, rank: 2 },
      { name: "activation", kind: "object" as const },
      { name: "use_bias", kind: "boolean" as const },
      { name: "kernel_initializer", kind: "object" as const, advanced: true },
    ],
  };

  it("sum up the parameters that matter, in the catalog's order", () => {
    const params = {
      activation: "relu",
      kernel_size: 3,
      filters: 32,
      kernel_initializer: "zeros",
      use_bias: false,
    };
    expect(summarize(spec, params)).toBe("32 · 3×3 · relu");
    expect(summarize(spec, { kernel_size: [3, 5], use_bias: true })).toBe("3×5 · use_bias");
    expect(summarize(undefined, { shape: [8, null, 1] })).toBe("8×?×1");
  });

  it("leave the batch axis out of a shape", () => {
    expect([wireLabel([null, 8, 8, 1]), wireLabel([null]), wireLabel(undefined)]).toEqual([
      "8×8×1",
      "scalar",
      "",
    ]);
  });
});
