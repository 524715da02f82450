import { Group, Text, Tooltip } from "@mantine/core";
import { formatCount } from "@/lib/format";
import classes from "./Histogram.module.css";

interface Props {
  bars: [string, number][];
  /** How many bars are shown at most, and what is said of the rest. */
  most?: number;
  moreLabel?: (count: number) => string;
}

/** How many samples each label, or each bin of values, has. */
export function Histogram({ bars, most = 30, moreLabel }: Props) {
  const shown = bars.slice(0, most);
  const highest = Math.max(1, ...bars.map(([, count]) => count));
  const crowded = shown.length > 12 || shown.some(([label]) => label.length > 9);
  return (
    <div>
      <div className={crowded ? classes.rows : classes.columns}>
        {shown.map(([label, count], index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two bins may have one label
          <Tooltip key={index} label={`${label}: ${formatCount(count)}`} openDelay={0}>
            <div className={classes.bar}>
              <span className={classes.track}>
                <span
                  className={classes.fill}
                  style={{ "--share": count / highest } as React.CSSProperties}
                />
              </span>
              <span className={classes.label}>{label}</span>
              {crowded && <span className={classes.count}>{formatCount(count)}</span>}
            </div>
          </Tooltip>
        ))}
      </div>
      {bars.length > most && moreLabel && (
        <Group justify="flex-end">
          <Text size="xs" c="dimmed">
            {moreLabel(bars.length - most)}
          </Text>
        </Group>
      )}
    </div>
  );
}
