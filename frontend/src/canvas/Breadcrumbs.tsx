import { UnstyledButton } from "@mantine/core";
import { IconChevronRight, IconSchema } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { openPath, select, useSteps } from "@/actions";
import { useMeta } from "@/document";
import classes from "./canvas.module.css";

/** Where in the nested models one is; each step leads back there. */
export function Breadcrumbs() {
  const { t } = useTranslation("canvas");
  const { name } = useMeta();
  const steps = useSteps();
  const last = steps.at(-1);
  if (!last) return null;
  const goTo = (depth: number) => {
    const left = steps[depth];
    openPath(steps.slice(0, depth).map((step) => step.node));
    if (left) select([left.node]);
  };
  return (
    <nav className={classes.crumbs} aria-label={t("crumbs")} data-testid="breadcrumbs">
      <UnstyledButton className={classes.crumb} onClick={() => goTo(0)} data-testid="crumb-0">
        <IconSchema size={14} aria-hidden />
        <span>{name}</span>
      </UnstyledButton>
      {steps.map((step, index) => (
        <span key={step.node} className={classes.crumbStep}>
          <IconChevronRight size={13} aria-hidden />
          {step === last ? (
            <span className={classes.crumb} aria-current="location" data-testid={`crumb-${index + 1}`}>
              {step.name}
            </span>
          ) : (
            <UnstyledButton
              className={classes.crumb}
              onClick={() => goTo(index + 1)}
              data-testid={`crumb-${index + 1}`}
            >
              {step.name}
            </UnstyledButton>
          )}
        </span>
      ))}
    </nav>
  );
}
