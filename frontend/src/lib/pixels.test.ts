import { expect, it } from "vitest";
import { toPixels } from "./pixels";

it("reads rows of grey, of one channel and of three channels", () => {
  const colours = (image: Parameters<typeof toPixels>[0]) => [...(toPixels(image)?.data ?? [])];
  expect(colours([[0, 128]])).toEqual([0, 0, 0, 255, 128, 128, 128, 255]);
  expect(colours([[[7]], [[9]]])).toEqual([7, 7, 7, 255, 9, 9, 9, 255]);
  expect(colours([[[1, 2, 3]]])).toEqual([1, 2, 3, 255]);
});

it("refuses what is no picture", () => {
  expect([toPixels([1, 2]), toPixels("x"), toPixels(null), toPixels([])]).toEqual([null, null, null, null]);
});
