import { useEffect, useRef } from "react";
import type { JsonValue } from "@/api/types";
import { toPixels } from "@/lib/pixels";

/** A small picture, drawn pixel by pixel from its values. */
export function PixelImage({ image, label, size = 56 }: { image: JsonValue; label: string; size?: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const pixels = toPixels(image);
    const target = canvas.current;
    if (!pixels || !target) return;
    target.width = pixels.width;
    target.height = pixels.height;
    target.getContext("2d")?.putImageData(new ImageData(pixels.data, pixels.width, pixels.height), 0, 0);
  }, [image]);
  return (
    <canvas
      ref={canvas}
      role="img"
      aria-label={label}
      style={{ width: size, height: size, imageRendering: "pixelated", borderRadius: 5, background: "#000" }}
    />
  );
}
