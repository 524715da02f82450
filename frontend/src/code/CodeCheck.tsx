import { Button, Loader, Text, Tooltip } from "@mantine/core";
import { IconPlayerPlay, IconShieldLock, IconX } from "@tabler/icons-react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { focusNode } from "@/actions";
import { toApiError, useDiagnostics } from "@/api";
import { type RunBlocked, useRunBlocked, useRunOwnCode, useSandbox } from "@/api/code";
import { type Code, useDesignDocument, useDocumentSelector, useSaveState } from "@/document";
import { formatShape } from "@/lib/format";
import { ErrorView } from "@/ui/ErrorView";
import classes from "./code.module.css";

interface CodeCheckProps {
  piece: Code;
  /** What can be told of the text without running it. */
  reading: { state: "typing" | "reading" | "fault" | "fine"; fault?: string };
}

/** What reading the piece found, and the button that runs it in the sandbox to learn its shapes. */
export function CodeCheck({ piece, reading }: CodeCheckProps) {
  const { t } = useTranslation("code");
  const design = useDesignDocument();
  const save = useSaveState();
  const check = useRunOwnCode(design.id);
  const stop = useRef<AbortController | null>(null);
  const blocked = useRunBlocked();
  const reason =
    blocked ?? (reading.state === "fine" ? (save === "saved" ? null : "unsaved") : reading.state);
  useEffect(() => () => stop.current?.abort(), []);

  const run = () => {
    stop.current = new AbortController();
    check.mutate(stop.current.signal);
  };
  return (
    <>
      {check.error && !stop.current?.signal.aborted && (
        <div className={classes.check}>
          <ErrorView error={toApiError(check.error)} />
        </div>
      )}
      <Outcome piece={piece} />
      <footer className={classes.footer}>
        <Text
          size="xs"
          className={reading.state === "fault" ? classes.fault : classes.quiet}
          role={reading.state === "fault" ? "alert" : "status"}
          data-testid="own-code-state"
          data-state={reading.state}
        >
          {reading.fault ?? t(`read.${reading.state}`)}
        </Text>
        <span className={classes.spacer} />
        {check.isPending ? (
          <>
            <Loader size={14} />
            <Text size="xs" c="dimmed" role="status">
              {t("check.running")}
            </Text>
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<IconX size={14} />}
              onClick={() => stop.current?.abort()}
            >
              {t("common:cancel")}
            </Button>
          </>
        ) : (
          <Tooltip label={t(reason ? `check.blocked.${reason}` : "check.help")}>
            <Button
              size="compact-sm"
              leftSection={blocked ? <IconShieldLock size={14} /> : <IconPlayerPlay size={14} />}
              aria-disabled={reason !== null}
              data-disabled={reason !== null || undefined}
              onClick={() => reason === null && run()}
              data-testid="own-code-check"
            >
              {t("check.run")}
            </Button>
          </Tooltip>
        )}
      </footer>
      {blocked && <Why reason={blocked} />}
    </>
  );
}

function Why({ reason }: { reason: RunBlocked }) {
  const { t } = useTranslation("code");
  const sandbox = useSandbox();
  return (
    <div className={classes.notice} role="note" data-testid="own-code-blocked">
      {t(`check.why.${reason}`)} {reason === "sandbox" && sandbox.data?.reason}
    </div>
  );
}

/** What the last run in the sandbox said of each node that is made of this piece. */
function Outcome({ piece }: { piece: Code }) {
  const { t } = useTranslation("code");
  const design = useDesignDocument();
  const { analysis, byNode } = useDiagnostics(design.id);
  const layers = useDocumentSelector((content) => content.layers);
  const nodes = useDocumentSelector((content) => content.nodes);
  if (piece.kind !== "layers") return null;
  const mine = Object.entries(nodes).filter(([, node]) => layers[node.layer]?.class_name === piece.name);
  if (mine.length === 0) {
    return (
      <div className={classes.check}>
        <Text size="xs" c="dimmed">
          {t("check.unused", { name: piece.name })}
        </Text>
      </div>
    );
  }
  return (
    <div className={classes.check} data-testid="own-code-outcome">
      <table className={classes.shapes}>
        <tbody>
          {mine.map(([id, node]) => {
            const told = byNode.get(id);
            const problem = analysis?.problems.find((one) => one.node === id);
            return (
              <tr key={id}>
                <td>
                  <button type="button" className={classes.link} onClick={() => focusNode(id)}>
                    {layers[node.layer]?.name}
                  </button>
                </td>
                <td>
                  {problem?.severity === "error" ? (
                    <span className={classes.faultText}>
                      {[problem.message, problem.received, problem.hint].filter(Boolean).join(" ")}
                    </span>
                  ) : problem ? (
                    <span className={classes.quiet}>{problem.message}</span>
                  ) : told && Object.keys(told.output_shapes).length > 0 ? (
                    <code>
                      {shapesOf(told.input_shapes)} → {shapesOf(told.output_shapes)}
                    </code>
                  ) : (
                    <span className={classes.quiet}>{t("check.notYet")}</span>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function shapesOf(shapes: Record<string, (number | null)[]>): string {
  return Object.values(shapes).map(formatShape).join(", ");
}
