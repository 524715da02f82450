import type { ReactNode } from "react";
import classes from "./training.module.css";

/** A titled part of the Train panel. */
export function Part({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section className={classes.part}>
      <div className={classes.partTitle}>
        <h2>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
}
