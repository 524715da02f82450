/** Numbers, sizes and times as people read them. Everything is pure and speaks English digits. */

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 });

/** `1250858` -> `1,250,858`. */
export function formatCount(count: number): string {
  return whole.format(count);
}

/** `1250858` -> `1.25M`. */
export function formatCompact(count: number): string {
  return compact.format(count);
}

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** `1536` -> `1.5 kB`; units of 1,000. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : Number(value.toPrecision(2))} ${UNITS[unit]}`;
}

/** `3725` -> `1 h 2 min`; `65` -> `1 min 5 s`; `4.2` -> `4.2 s`. */
export function formatDuration(seconds: number): string {
  if (seconds < 9.95) return `${Number(Math.max(0, seconds).toFixed(1))} s`;
  const total = Math.round(seconds);
  if (total < 60) return `${total} s`;
  if (total < 3600) return `${Math.floor(total / 60)} min ${total % 60} s`;
  const minutes = Math.round(total / 60);
  if (minutes < 2880) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1440)} d ${Math.round((minutes % 1440) / 60)} h`;
}

/** A metric as a chart and a table show it: four significant digits, exponents only where they help. */
export function formatMetric(measured: number | string | null | undefined): string {
  if (measured === null || measured === undefined) return "–";
  // JSON has no NaN and no infinity: the server sends them as words, which Number reads.
  const value = Number(measured);
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "-∞";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) return value.toExponential(2);
  if (size >= 1000) return value.toFixed(1);
  return size >= 100 ? value.toFixed(2) : size >= 10 ? value.toFixed(3) : value.toFixed(4);
}

/** A fraction as a percentage with one digit: `0.9567` -> `95.7 %`. */
export function formatPercent(fraction: number): string {
  return `${(fraction * 100).toFixed(1)} %`;
}

const AGES: [number, Intl.RelativeTimeFormatUnit][] = [
  [60, "second"],
  [3600, "minute"],
  [86_400, "hour"],
  [14 * 86_400, "day"],
];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const day = new Intl.DateTimeFormat("en", { day: "numeric", month: "short", year: "numeric" });
const moment = new Intl.DateTimeFormat("en", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  hour12: false,
});

/** How long ago `iso` was, seen from `now` (milliseconds); a date when it is more than a week. */
export function formatAgo(iso: string, now = Date.now()): string {
  const seconds = (now - Date.parse(iso)) / 1000;
  if (seconds < 45) return "just now";
  let size = 1;
  for (const [limit, unit] of AGES) {
    if (seconds < limit) return relative.format(-Math.round(seconds / size), unit);
    size = limit;
  }
  return day.format(Date.parse(iso));
}

/** `21 Nov, 14:05` */
export function formatMoment(iso: string): string {
  return moment.format(Date.parse(iso));
}

/** `[null, 8, 8, 1]` -> `? × 8 × 8 × 1`. */
export function formatShape(shape: readonly (number | null)[]): string {
  if (shape.length === 0) return "scalar";
  return shape.map((size) => (size === null ? "?" : String(size))).join(" × ");
}

/** A metric's name in words: `val_sparse_categorical_accuracy` -> `Sparse categorical accuracy`. */
export function metricTitle(metric: string): string {
  const words = metric.replace(/^val_/, "").replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
