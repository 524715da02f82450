import type { ReactNode } from "react";
import classes from "./inspector.module.css";

/** A titled part of a side panel. */
export function Section({
  title,
  aside,
  children,
}: {
  title: string;
  aside?: ReactNode;
  children: ReactNode;
}) {
  return (
    <section className={classes.section}>
      <div className={classes.sectionTitle}>
        <h2>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
}
