/** Pixels of a picture for each unit of its SVG: sharp in print, and no more than canvases of browsers take. */
const SCALE = 2;
const MOST_PIXELS = 8_192;

/** The SVG document `svg` as a PNG. */
export async function pngOf(svg: string): Promise<Blob> {
  const address = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const scale = Math.min(SCALE, MOST_PIXELS / Math.max(image.naturalWidth, image.naturalHeight));
    const canvas = document.createElement("canvas");
    canvas.width = Math.ceil(image.naturalWidth * scale);
    canvas.height = Math.ceil(image.naturalHeight * scale);
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    const png = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
    if (!png) throw new RangeError("The picture is too large for this browser. Save it as SVG.");
    return png;
  } finally {
    URL.revokeObjectURL(address);
  }
}
