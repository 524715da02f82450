import { describe, expect, it } from "vitest";
import type { Analysis } from "@/api/types";
import { loadCatalog } from "@/catalog/testing";
import { DesignDocument, edgeKey, TOP } from "@/document";
import { FactIndex } from "./facts";
import { drawGraph } from "./picture";

loadCatalog();

function drawn(theme: "light" | "dark" = "light") {
  const design = DesignDocument.local();
  const input = design.commands.addLayer({ class_name: "InputLayer", x: 0, y: 0 }) as string;
  const params = { units: 4, trainable: false };
  const dense = design.commands.addLayer({
    class_name: "Dense",
    name: '<a> & "b"\u0000',
    params,
    x: 4000,
    y: 900,
  }) as string;
  design.commands.connect(
    edgeKey({ source: input, source_port: "output", target: dense, target_port: "input" }),
  );
  const facts = { output_dtypes: {}, trainable_params: 0, flops: 0, activation_bytes: 0, graph: "" };
  const analysis: Analysis = {
    nodes: [
      {
        id: input,
        name: "i",
        class: "InputLayer",
        input_shapes: {},
        output_shapes: { output: [null, 8, 3] },
        params: 0,
        ...facts,
      },
      { id: dense, name: "d", class: "Dense", input_shapes: {}, output_shapes: {}, params: 1500, ...facts },
    ],
    total_params: 1500,
    trainable_params: 0,
    problems: [],
    costs: { flops: 0, activation_bytes: 0, training_bytes: 0, weights_bytes: 0 },
    learned: {},
    weights: {},
  };
  const index = new FactIndex();
  index.update(analysis);
  return drawGraph(design.snapshot.content, TOP, index, theme);
}

describe("a picture of a design", () => {
  it("is well-formed, whole, and says what the cards and wires say", () => {
    const svg = drawn();
    const page = new DOMParser().parseFromString(svg, "image/svg+xml");
    expect(page.querySelector("parsererror")).toBeNull();
    const words = [...page.querySelectorAll("text")].map((text) => text.textContent?.trim());
    expect(words).toEqual(expect.arrayContaining(["8×3", "Input", "Dense", "❄ 1.5K"]));
    expect(words.some((text) => text?.includes('<a> & "b"'))).toBe(true);
    expect(Number(page.documentElement.getAttribute("width"))).toBeGreaterThan(4000);
    expect(svg).not.toContain("\u0000");
  });

  it("follows the colour scheme, and may be empty", () => {
    expect(drawn("dark")).not.toBe(drawn("light"));
    const { content } = DesignDocument.local().snapshot;
    expect(drawGraph(content, TOP, new FactIndex(), "light")).toContain("<svg");
  });

  it("writes the names of ports, and marks those that are wired or have to be", () => {
    const design = DesignDocument.local();
    const attention = design.commands.addLayer({ class_name: "Attention", x: 0, y: 200 }) as string;
    const input = design.commands.addLayer({ class_name: "InputLayer", x: 0, y: 0 }) as string;
    const marks = () => {
      const svg = drawGraph(design.snapshot.content, TOP, new FactIndex(), "light");
      return [/>(query|value|key)</g, /<circle [^>]*r="4"/g].map((each) => svg.match(each)?.length);
    };
    expect(marks()).toEqual([2, 4]);
    design.commands.connect(
      edgeKey({ source: input, source_port: "output", target: attention, target_port: "key" }),
    );
    expect(marks()).toEqual([3, 5]);
  });

  it("has room for a wire that runs beside the cards", () => {
    const design = DesignDocument.local();
    const chain = [0, 1, 2].map((row) =>
      design.commands.addLayer({ class_name: "Dense", x: 0, y: row * 104 }),
    ) as [string, string, string];
    const wire = (source: string, target: string) =>
      design.commands.connect(edgeKey({ source, source_port: "output", target, target_port: "input" }));
    const widthOf = () => {
      const svg = drawGraph(design.snapshot.content, TOP, new FactIndex(), "light");
      return Number(/width="(\d+)"/.exec(svg)?.[1]);
    };
    const before = widthOf();
    wire(chain[0], chain[2]);
    expect(widthOf()).toBe(before + 34);
  });
});
