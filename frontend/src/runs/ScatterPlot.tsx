import { useTranslation } from "react-i18next";
import { formatCompact } from "@/lib/format";
import { niceTicks } from "@/lib/ticks";

const SIZE = 400;
const LEFT = 52;
const BOTTOM = 40;
const PAD = 12;

/** Predictions against the truth, with the line on which they are equal. */
export function ScatterPlot({ points }: { points: [number, number][] }) {
  const { t } = useTranslation("runs");
  const values = points.flat().filter(Number.isFinite);
  if (values.length === 0) return null;
  const ticks = niceTicks(Math.min(...values), Math.max(...values), 5);
  const [low, high] = [ticks[0] ?? 0, ticks.at(-1) ?? 1];
  const inner = SIZE - LEFT - PAD;
  const scale = (value: number) => ((value - low) / (high - low || 1)) * inner;
  const x = (value: number) => LEFT + scale(value);
  const y = (value: number) => PAD + inner - scale(value);
  const bottom = PAD + inner;
  // One path of round dots draws two thousand points at once.
  const dots = points.map(([truth, said]) => `M${x(truth).toFixed(1)} ${y(said).toFixed(1)}h0`).join("");
  return (
    <svg
      viewBox={`0 0 ${SIZE} ${bottom + BOTTOM}`}
      width="100%"
      style={{ maxWidth: 460 }}
      role="img"
      aria-label={t("report.scatter")}
      fontSize={11}
    >
      {ticks.map((tick) => (
        <g key={tick} style={{ fill: "var(--mantine-color-dimmed)" }}>
          <path
            d={`M${LEFT} ${y(tick)}H${LEFT + inner}M${x(tick)} ${PAD}V${bottom}`}
            stroke="var(--loom-border)"
            fill="none"
          />
          <text x={LEFT - 6} y={y(tick)} textAnchor="end" dominantBaseline="central">
            {formatCompact(tick)}
          </text>
          <text x={x(tick)} y={bottom + 15} textAnchor="middle">
            {formatCompact(tick)}
          </text>
        </g>
      ))}
      <path
        d={`M${x(low)} ${y(low)}L${x(high)} ${y(high)}`}
        stroke="var(--mantine-color-dimmed)"
        strokeDasharray="4 4"
      />
      <path
        d={dots}
        fill="none"
        stroke="var(--mantine-primary-color-filled)"
        strokeOpacity={0.6}
        strokeWidth={6}
        strokeLinecap="round"
      />
      <g style={{ fill: "var(--mantine-color-dimmed)" }}>
        <text x={LEFT + inner / 2} y={bottom + 34} textAnchor="middle">
          {t("report.true")}
        </text>
        <text transform={`translate(12 ${PAD + inner / 2}) rotate(-90)`} textAnchor="middle">
          {t("report.predicted")}
        </text>
      </g>
    </svg>
  );
}
