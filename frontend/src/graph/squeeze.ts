/** Where a collapsed block's nodes stand, from top to bottom, and the height of the card in their place. */
export interface Collapsed {
  id: string;
  top: number;
  bottom: number;
  height: number;
}

/** A view in which collapsed blocks take only the height of their cards and what is below moves up. */
export interface Squeeze {
  /** From the document's y to the view's. */
  toView(y: number): number;
  /** Back again. */
  toDocument(y: number): number;
  /** The top of each block's card, in the view. */
  tops: ReadonlyMap<string, number>;
}

const GAP = 30;

interface Band {
  from: number;
  to: number;
  /** Where it begins in the view. */
  start: number;
  height: number;
}

export const NOT_SQUEEZED: Squeeze = { toView: (y) => y, toDocument: (y) => y, tops: new Map() };

/** Blocks that stand at one height share a band and are stacked in it, in the order of their middles. */
export function squeeze(blocks: readonly Collapsed[]): Squeeze {
  if (blocks.length === 0) return NOT_SQUEEZED;
  const bands: (Band & { blocks: Collapsed[] })[] = [];
  for (const block of [...blocks].sort((a, b) => a.top - b.top)) {
    const last = bands.at(-1);
    if (last && block.top < last.to) {
      last.to = Math.max(last.to, block.bottom);
      last.blocks.push(block);
    } else bands.push({ from: block.top, to: block.bottom, start: 0, height: 0, blocks: [block] });
  }
  const tops = new Map<string, number>();
  let saved = 0;
  for (const band of bands) {
    band.start = band.from - saved;
    band.blocks.sort((a, b) => a.top + a.bottom - b.top - b.bottom);
    let at = band.start;
    for (const block of band.blocks) {
      tops.set(block.id, at);
      at += block.height + GAP;
    }
    band.height = at - GAP - band.start;
    saved += band.to - band.from - band.height;
  }
  return {
    tops,
    toView: (y) => move(y, bands, "from", "start"),
    toDocument: (y) => move(y, bands, "start", "from"),
  };
}

/** Inside a band y moves in proportion, between bands by the same amount for all. */
function move(y: number, bands: readonly Band[], here: "from" | "start", there: "from" | "start"): number {
  let shift = 0;
  for (const band of bands) {
    if (y < band[here]) break;
    const size = { from: band.to - band.from, start: band.height };
    const along = y - band[here];
    if (along < size[here]) return band[there] + (along / size[here]) * size[there];
    shift = band[there] + size[there] - band[here] - size[here];
  }
  return y + shift;
}
