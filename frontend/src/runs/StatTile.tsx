import { Tooltip } from "@mantine/core";
import classes from "./runs.module.css";

interface Props {
  label: string;
  value: string;
  hint?: string;
  testId?: string;
  number?: number;
}

/** A number with its name. */
export function StatTile({ label, value, hint, testId, number }: Props) {
  const tile = (
    <div className={classes.stat}>
      <div className={classes.statLabel}>{label}</div>
      <div className={classes.statValue} data-testid={testId} data-value={number}>
        {value}
      </div>
    </div>
  );
  return hint ? <Tooltip label={hint}>{tile}</Tooltip> : tile;
}
