import { Paper, Text } from "@mantine/core";
import { useLayoutEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { LogEvent } from "@/api/types";
import classes from "./runs.module.css";

const NEAR_END = 24;
const clock = new Intl.DateTimeFormat("en", { timeStyle: "medium", hour12: false });

/** The log of a run; it follows the end unless one has scrolled up to read. */
export function LogPanel({ lines }: { lines: LogEvent[] }) {
  const { t } = useTranslation("runs");
  const box = useRef<HTMLDivElement>(null);
  const following = useRef(true);

  // biome-ignore lint/correctness/useExhaustiveDependencies: new lines are what moves the end
  useLayoutEffect(() => {
    if (box.current && following.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines]);

  return (
    <Paper withBorder p="md" component="section" aria-label={t("log.title")}>
      <Text fw={600} size="sm" mb="xs">
        {t("log.title")}
      </Text>
      {lines.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t("log.none")}
        </Text>
      ) : (
        <div
          ref={box}
          className={classes.log}
          role="log"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard
          tabIndex={0}
          onScroll={({ currentTarget: el }) => {
            following.current = el.scrollHeight - el.scrollTop - el.clientHeight < NEAR_END;
          }}
        >
          {lines.map((line) => (
            <div key={line.seq} data-level={line.level}>
              <time>{clock.format(line.time * 1000)}</time>
              {line.text}
            </div>
          ))}
        </div>
      )}
    </Paper>
  );
}
