export interface Points {
  /** Ascending. */
  x: ArrayLike<number>;
  y: ArrayLike<number>;
}

export type AlignedColumns = [Float64Array, ...(number | null)[][]];

function steps(tables: readonly Points[]): Float64Array {
  const first = tables[0];
  if (first && tables.every((table) => table.x === first.x)) return Float64Array.from(first.x);
  const all = new Set<number>();
  for (const table of tables) for (let i = 0; i < table.x.length; i += 1) all.add(table.x[i] ?? 0);
  return Float64Array.from(all).sort();
}

/**
 * Put several curves on one column of steps, as uPlot wants them. Where a curve has no point, or one that is not
 * finite (or, with `positive`, not above zero, for a logarithmic axis), its column holds null.
 */
export function align(tables: readonly Points[], positive = false): AlignedColumns {
  const x = steps(tables);
  const columns = tables.map((table) => {
    const column = new Array<number | null>(x.length).fill(null);
    let row = 0;
    for (let index = 0; index < table.x.length; index += 1) {
      const step = table.x[index] ?? 0;
      while (row < x.length && (x[row] ?? 0) < step) row += 1;
      const value = table.y[index] ?? Number.NaN;
      if (Number.isFinite(value) && !(positive && value <= 0)) column[row] = value;
    }
    return column;
  });
  return [x, ...columns];
}

/** The last value at or before `row` that is not null: what a curve with fewer points shows at a step. */
export function valueAt(column: readonly (number | null)[], row: number): number | null {
  for (let index = Math.min(row, column.length - 1); index >= 0; index -= 1) {
    const value = column[index];
    if (value !== null && value !== undefined) return value;
  }
  return null;
}
