/**
 * Exponential moving average of `values`, corrected for its start, so that the first values are not pulled to zero.
 *
 * `weight` is how much of the past stays, from 0 (the values themselves) to below 1. Values that are not finite are
 * passed through and do not enter the average.
 */
export function smooth(values: ArrayLike<number>, weight: number): Float64Array {
  const result = new Float64Array(values.length);
  let average = 0;
  let seen = 0;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] ?? Number.NaN;
    if (!Number.isFinite(value)) {
      result[index] = value;
      continue;
    }
    average = weight * average + (1 - weight) * value;
    seen += 1;
    result[index] = average / (1 - weight ** seen);
  }
  return result;
}
