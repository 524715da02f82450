import type { JsonValue } from "@/api/types";

export interface Pixels {
  width: number;
  height: number;
  data: Uint8ClampedArray<ArrayBuffer>;
}

/** Rows of grey values, of [grey] or of [red, green, blue] (0 to 255) as RGBA; null when it is no picture. */
export function toPixels(image: JsonValue): Pixels | null {
  if (!Array.isArray(image) || !Array.isArray(image[0])) return null;
  const height = image.length;
  const width = image[0].length;
  const data = new Uint8ClampedArray(width * height * 4);
  image.forEach((row, y) => {
    if (!Array.isArray(row)) return;
    row.forEach((value, x) => {
      const [red, green, blue] = Array.isArray(value) ? value : [value];
      const at = (y * width + x) * 4;
      data[at] = Number(red ?? 0);
      data[at + 1] = Number(green ?? red ?? 0);
      data[at + 2] = Number(blue ?? red ?? 0);
      data[at + 3] = 255;
    });
  });
  return { width, height, data };
}
