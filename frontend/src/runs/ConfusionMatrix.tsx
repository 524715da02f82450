import { Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { formatCount } from "@/lib/format";

interface Props {
  classes: string[];
  confusion: number[][];
}

const MOST_NUMBERS = 20;

function cellSize(count: number): number {
  if (count <= 10) return 34;
  return count <= MOST_NUMBERS ? 26 : Math.max(4, Math.floor(440 / count));
}

/** A heat map of true against predicted classes; right answers in the accent, wrong ones in red, by share of the row. */
export function ConfusionMatrix({ classes, confusion }: Props) {
  const { t } = useTranslation("runs");
  const count = confusion.length;
  const size = cellSize(count);
  const named = count <= MOST_NUMBERS;
  const longest = Math.max(1, ...classes.map((name) => name.length));
  const left = named ? Math.min(130, 12 + longest * 7) : 4;
  const totals = confusion.map((row) => row.reduce((sum, cell) => sum + cell, 0));
  const upright = longest <= 3;
  const bottom = named ? (upright ? 22 : left * 0.75) : 4;
  return (
    <div>
      <Group gap={4} mb={4} wrap="nowrap">
        <Text size="xs" c="dimmed">
          {t("report.confusionText")}
        </Text>
      </Group>
      <svg
        viewBox={`0 0 ${left + count * size + 8} ${count * size + bottom}`}
        width={left + count * size + 8}
        style={{ maxWidth: "100%", height: "auto" }}
        fontSize={size >= 30 ? 12 : 10.5}
        role="img"
        aria-label={t("report.confusion")}
      >
        {confusion.map((row, truth) =>
          row.map((cell, said) => {
            const total = totals[truth] ?? 0;
            const share = total > 0 ? cell / total : 0;
            const right = truth === said;
            const color = right ? "var(--mantine-primary-color-filled)" : "var(--mantine-color-red-6)";
            const strength = cell === 0 ? 0 : Math.round(14 + 86 * (right ? share : Math.sqrt(share)));
            const [truthName, saidName] = [classes[truth] ?? String(truth), classes[said] ?? String(said)];
            return (
              // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its place
              <g key={`${truth}-${said}`} transform={`translate(${left + said * size} ${truth * size})`}>
                <rect
                  width={size - (named ? 2 : 0)}
                  height={size - (named ? 2 : 0)}
                  rx={named ? 4 : 0}
                  style={{
                    fill:
                      cell === 0
                        ? "var(--loom-faint)"
                        : `color-mix(in srgb, ${color} ${strength}%, var(--loom-faint))`,
                  }}
                >
                  <title>
                    {t("report.cell", {
                      count: cell,
                      total: formatCount(total),
                      truth: truthName,
                      said: saidName,
                    })}
                  </title>
                </rect>
                {named && cell > 0 && (
                  <text
                    x={(size - 2) / 2}
                    y={(size - 2) / 2}
                    textAnchor="middle"
                    dominantBaseline="central"
                    pointerEvents="none"
                    style={{ fill: strength > 52 ? "#fff" : "var(--mantine-color-text)" }}
                  >
                    {cell}
                  </text>
                )}
              </g>
            );
          }),
        )}
        {named &&
          classes.map((name, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two classes may have one name
            <g key={index} style={{ fill: "var(--mantine-color-dimmed)" }}>
              <text x={left - 8} y={index * size + size / 2} textAnchor="end" dominantBaseline="central">
                {name.slice(0, 18)}
              </text>
              {upright ? (
                <text x={left + index * size + size / 2 - 1} y={count * size + 14} textAnchor="middle">
                  {name}
                </text>
              ) : (
                <text
                  transform={`translate(${left + index * size + size / 2 + 3} ${count * size + 8}) rotate(-50)`}
                  textAnchor="end"
                >
                  {name.slice(0, 18)}
                </text>
              )}
            </g>
          ))}
      </svg>
    </div>
  );
}
