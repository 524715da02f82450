import { Collapse, UnstyledButton } from "@mantine/core";
import { IconChevronRight } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import type { JsonObject, JsonValue, ObjectSpec } from "@/catalog";
import { ParamForm } from "@/ui/params";
import classes from "./training.module.css";

interface ConfigurableProps {
  spec: ObjectSpec | undefined;
  title: string;
  config: JsonObject;
  readOnly: boolean;
  onSet: (path: string[], value: JsonValue) => void;
  onUnset: (path: string[]) => void;
  action: ReactNode;
  openAtFirst?: boolean;
  /** What a folded entry says besides its changed parameters. */
  note?: string | undefined;
  /** What follows the parameters. */
  children?: ReactNode;
}

/** An entry of a list of Keras objects: its class, and its parameters when unfolded. */
export function Configurable({
  spec,
  title,
  config,
  readOnly,
  onSet,
  onUnset,
  action,
  openAtFirst,
  note,
  children,
}: ConfigurableProps) {
  const [open, setOpen] = useState(openAtFirst ?? false);
  const told = [summary(config), note].filter(Boolean).join(", ");
  const foldable = Boolean(spec?.params?.length || children);
  return (
    <div className={classes.entry} data-testid={`entry-${title}`}>
      <div className={classes.entryHead}>
        <UnstyledButton
          className={classes.entryTitle}
          aria-expanded={foldable ? open : undefined}
          disabled={!foldable}
          onClick={() => setOpen(!open)}
        >
          {foldable && (
            <IconChevronRight size={13} className={classes.chevron} data-open={open || undefined} />
          )}
          <span className={classes.entryName}>{title}</span>
          {told && !open && <span className={classes.dim}>{told}</span>}
        </UnstyledButton>
        {action}
      </div>
      <Collapse expanded={open && foldable} transitionDuration={120} keepMounted={false}>
        <div className={classes.entryForm}>
          <ParamForm
            specs={spec?.params ?? []}
            values={config}
            readOnly={readOnly}
            onSet={onSet}
            onUnset={onUnset}
          />
          {children}
        </div>
      </Collapse>
    </div>
  );
}

/** The changed parameters in one line: `patience 3, mode min`. */
function summary(config: JsonObject): string {
  return Object.entries(config)
    .map(([name, value]) => `${name} ${typeof value === "object" ? "…" : String(value)}`)
    .join(", ");
}
