interface Props {
  values: ArrayLike<number>;
  width?: number;
  height?: number;
  label: string;
}

const MOST = 80;

/** A curve the size of a word. */
export function Sparkline({ values, width = 90, height = 24, label }: Props) {
  const every = Math.max(1, Math.ceil(values.length / MOST));
  const shown = Array.from(values).filter((value, index) => index % every === 0 && Number.isFinite(value));
  const [low, high] = [Math.min(...shown), Math.max(...shown)];
  const points = shown.map((value, index) => {
    const x = 1 + (index / Math.max(1, shown.length - 1)) * (width - 2);
    const y = height - 2 - ((value - low) / (high - low || 1)) * (height - 4);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  return (
    <svg
      width={width}
      height={height}
      role="img"
      aria-label={label}
      data-points={shown.length > 1 ? shown.length : 0}
      style={{ flex: "none" }}
    >
      {shown.length > 1 && (
        <polyline
          points={points.join(" ")}
          fill="none"
          stroke="var(--mantine-primary-color-filled)"
          strokeWidth={1.5}
          strokeLinejoin="round"
        />
      )}
    </svg>
  );
}
