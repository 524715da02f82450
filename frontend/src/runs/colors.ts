/** Colours of runs that are told apart side by side, for light and dark surfaces. */
const RUNS: readonly [light: string, dark: string][] = [
  ["#4456d8", "#8d9bff"],
  ["#d9480f", "#ff9a5c"],
  ["#0b8a6a", "#45d6ae"],
  ["#a61e88", "#f085d8"],
  ["#0c7fb5", "#5cc4f5"],
  ["#8a6d00", "#e0bd3e"],
  ["#c2255c", "#ff8bb0"],
  ["#4d6b0f", "#a8d34b"],
];

/** Validation beside training of a single run. */
const VALIDATION: readonly [string, string] = ["#e8730c", "#ffa94d"];

function pick([light, dark]: readonly [string, string], isDark: boolean): string {
  return isDark ? dark : light;
}

export function runColor(index: number, isDark: boolean): string {
  return pick(RUNS[index % RUNS.length] ?? ["#4456d8", "#8d9bff"], isDark);
}

export function validationColor(isDark: boolean): string {
  return pick(VALIDATION, isDark);
}
