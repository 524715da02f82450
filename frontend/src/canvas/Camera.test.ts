import type { Viewport } from "@xyflow/react";
import { expect, it } from "vitest";
import { Camera, type Flow } from "./Camera";

function canvas(width: number, height: number, view: Viewport) {
  const size = { clientWidth: width, clientHeight: height };
  let now = view;
  const flow = {
    getViewport: () => now,
    setViewport: async (next: Viewport) => {
      now = next;
      return true;
    },
  };
  const camera = new Camera(flow as unknown as Flow, () => size as HTMLElement);
  return {
    view: () => now,
    look: (next: Viewport) => {
      now = next;
    },
    resize: (next: number, boxes: Parameters<Camera["resized"]>[1]) => {
      const before = { width: size.clientWidth, height: size.clientHeight };
      size.clientWidth = next;
      camera.resized(before, boxes);
    },
  };
}

const wide = [0, 1, 2].map((index) => ({ id: `n${index}`, x: index * 300, y: 0, width: 236, height: 58 }));

function edges({ x, zoom }: Viewport): [number, number] {
  return [x, x + 836 * zoom];
}

it("keeps all in view that was, and shows it as before once there is room again", () => {
  const before = { x: 82, y: 200, zoom: 1 };
  const { view, resize } = canvas(1000, 600, before);
  resize(500, wide);
  const [left, right] = edges(view());
  expect([left, right].map(Math.round)).toEqual([20, 480]);
  resize(1000, wide);
  expect(view()).toEqual(before);
});

it("comes back to a view that was filled to its edges", () => {
  const before = { x: 2, y: 480, zoom: 1.19 };
  const { view, resize } = canvas(1000, 600, before);
  resize(700, wide);
  resize(1000, wide);
  expect(view()).toEqual(before);
});

it("only moves what still fits, with the middle in the middle", () => {
  const narrow = wide.slice(0, 1);
  const { view, resize } = canvas(1000, 600, { x: 382, y: 200, zoom: 1 });
  resize(500, narrow);
  expect(view()).toEqual({ x: 132, y: 200, zoom: 1 });
});

it("follows what somebody looked at meanwhile", () => {
  const { view, look, resize } = canvas(1000, 600, { x: 82, y: 200, zoom: 1 });
  resize(500, wide);
  look({ x: 10, y: 100, zoom: 0.4 });
  resize(1000, wide);
  expect(view().zoom).toBe(0.4);
});

it("leaves the upper left of a graph that goes on outside where it is", () => {
  const { view, resize } = canvas(600, 600, { x: -100, y: 200, zoom: 1 });
  resize(400, wide);
  expect(view()).toEqual({ x: -100, y: 200, zoom: 1 });
});
