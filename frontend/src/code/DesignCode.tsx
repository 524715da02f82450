import { Button, CopyButton, Loader, Switch, Text, Tooltip } from "@mantine/core";
import { useDebouncedValue, useLocalStorage } from "@mantine/hooks";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { focusNode, useSelection } from "@/actions";
import { toApiError, useDiagnostics } from "@/api";
import { type Fault, faultOf, useDesignCode, useReadCode } from "@/api/code";
import type { DesignSource, LayerReport } from "@/api/types";
import { useCanEdit, useCommands, useDesignDocument } from "@/document";
import { ErrorView } from "@/ui/ErrorView";
import { ConflictBar } from "./ConflictBar";
import classes from "./code.module.css";
import type { LineRange } from "./lineMarks";
import { PythonEditor } from "./PythonEditor";
import { useDraft } from "./useDraft";

const PAUSE_MS = 700;

/** The line ranges of the selected nodes. */
function rangesOf(code: DesignSource | undefined, nodes: readonly string[]): LineRange[] {
  return nodes.flatMap((node) => {
    const lines = code?.nodes[node];
    return lines ? [{ from: lines.first, to: lines.last }] : [];
  });
}

/** The node with the fewest lines around `line`. */
function nodeAt(code: DesignSource | undefined, line: number): string | null {
  const around = Object.entries(code?.nodes ?? {})
    .filter(([, { first, last }]) => first <= line && line <= last)
    .sort(([, a], [, b]) => a.last - a.first - (b.last - b.first));
  return around[0]?.[0] ?? null;
}

/** The design as Python that follows the canvas; what is edited here the canvas follows. */
export function DesignCode() {
  const { t } = useTranslation("code");
  const design = useDesignDocument();
  const canEdit = useCanEdit();
  const { digest } = useDiagnostics(design.id);
  const code = useDesignCode(design.id, digest);
  const draft = useDraft(`design ${design.id}`, code.data?.source);
  const selected = useSelection((selection) => selection.nodes);
  const following = !draft.edited && draft.text === code.data?.source;
  const marked = useMemo(
    () => (following ? rangesOf(code.data, selected) : []),
    [following, code.data, selected],
  );
  const editing = useEditedCode(draft, code.data?.revision ?? "");

  const select = (line: number) => {
    const node = following && nodeAt(code.data, line);
    if (node) focusNode(node);
  };

  if (!code.data) {
    return code.error ? (
      <div className={classes.message}>
        <ErrorView error={toApiError(code.error)} onRetry={() => void code.refetch()} />
      </div>
    ) : (
      <div className={classes.message} role="status">
        <Loader size="sm" type="dots" aria-label={t("design.loading")} />
      </div>
    );
  }
  return (
    <>
      {code.error && (
        <div className={classes.notice} role="status">
          <b>{t("design.behind")}</b> {toApiError(code.error).message}
        </div>
      )}
      {draft.conflict && (
        <ConflictBar text={t("conflict.canvas")} onKeep={draft.keepOwn} onTake={draft.takeGiven} />
      )}
      <div className={classes.editor}>
        <PythonEditor
          value={draft.text}
          label={t("design.label")}
          readOnly={!canEdit}
          faults={editing.faults}
          marked={marked}
          onChange={draft.type}
          onLine={select}
          onSubmit={editing.apply}
          testId="design-code"
        />
      </div>
      <footer className={classes.footer}>
        <EditState draft={draft} editing={editing} />
        <span className={classes.spacer} />
        {canEdit && !draft.edited && <AutoApply editing={editing} />}
        {draft.edited ? (
          <>
            <Button size="compact-sm" variant="default" onClick={draft.takeGiven} data-testid="code-discard">
              {t("design.discard")}
            </Button>
            <Button
              size="compact-sm"
              disabled={draft.conflict || editing.refused}
              loading={editing.busy}
              onClick={editing.apply}
              data-testid="code-apply"
            >
              {t("design.apply")}
            </Button>
          </>
        ) : (
          <Copy text={draft.text} />
        )}
      </footer>
    </>
  );
}

type Editing = ReturnType<typeof useEditedCode>;
type TextDraft = ReturnType<typeof useDraft>;

/** Reads the edited text on every pause; hands its edits to the canvas when asked, or by itself. */
function useEditedCode(draft: TextDraft, revision: string) {
  const design = useDesignDocument();
  const commands = useCommands();
  const { mutate, data, variables, error, isPending, reset } = useReadCode(design.id);
  const [automatic, setAutomatic] = useLocalStorage({ key: "layerloom.code.automatic", defaultValue: false });
  const [paused] = useDebouncedValue(draft.text, PAUSE_MS);
  const present = draft.edited && variables?.source === draft.text;
  const refusal = useMemo(() => (present && error ? toApiError(error) : null), [present, error]);
  const read = present && !isPending ? data : undefined;
  const edits = read?.edits;
  const ready = edits !== undefined && edits.length > 0;
  const unknown = useUnknown(read?.layers);
  const faults = useMemo(() => {
    const fault = refusal && faultOf(refusal);
    return fault ? [fault] : unknown;
  }, [refusal, unknown]);
  /** The text that Apply was pressed for while it was still being read. */
  const wanted = useRef<string | null>(null);
  const refused = refusal !== null && faults.length > 0;

  useEffect(() => {
    if (!draft.edited) reset();
    else if (!draft.conflict && paused === draft.text) mutate({ source: paused, revision });
  }, [draft.edited, draft.conflict, draft.text, paused, revision, mutate, reset]);

  const apply = () => {
    if (!draft.edited || draft.conflict) return;
    wanted.current = edits === undefined ? draft.text : null;
    if (refusal && !refused) mutate({ source: draft.text, revision });
    if (!ready) return;
    commands.applyEdits(edits);
    commands.endGesture();
    draft.settle();
  };
  const doubtful = unknown.length > 0;
  const latest = useRef(apply);
  latest.current = apply;
  useEffect(() => {
    if (ready && ((automatic && !doubtful) || wanted.current === draft.text)) latest.current();
  }, [ready, automatic, doubtful, draft.text]);

  return { edits, faults, refusal, refused, ready, busy: isPending, apply, automatic, setAutomatic };
}

/** Layers of the text that nobody knows, as warnings: applied, they become placeholders. */
function useUnknown(layers: LayerReport[] | undefined): Fault[] {
  const { t } = useTranslation("code");
  return useMemo(
    () =>
      (layers ?? [])
        .filter((layer) => layer.outcome === "placeholder" && layer.line > 0)
        .map((layer) => ({
          severity: "warning",
          line: layer.line,
          column: -1,
          message: t("unknown.message", { name: layer.class_name }),
          expected: t("unknown.expected"),
          received: layer.class_name,
          hint: t("unknown.hint"),
        })),
    [layers, t],
  );
}

function EditState({ draft, editing }: { draft: TextDraft; editing: Editing }) {
  const { t } = useTranslation("code");
  if (!draft.edited || draft.conflict) return null;
  const { edits, faults, refusal } = editing;
  if (refusal) {
    const [fault] = faults;
    const words = fault ? t("faultAt", { line: fault.line, message: fault.message }) : refusal.message;
    return (
      <Tooltip label={[refusal.expected, refusal.received, refusal.hint].filter(Boolean).join(" · ")}>
        <Text size="xs" className={classes.fault} role="alert" data-testid="code-fault">
          {words}
        </Text>
      </Tooltip>
    );
  }
  const [doubt] = faults;
  if (doubt && edits && edits.length > 0) {
    return (
      <Text size="xs" className={classes.doubt} role="status" data-testid="code-state" data-state="doubtful">
        {t("faultAt", { line: doubt.line, message: doubt.message })}
      </Text>
    );
  }
  const words = !edits ? "reading" : edits.length === 0 ? "same" : "changes";
  return (
    <Text size="xs" c="dimmed" role="status" data-testid="code-state" data-state={words}>
      {t(`design.${words}`, { count: edits?.length ?? 0 })}
    </Text>
  );
}

function AutoApply({ editing }: { editing: Editing }) {
  const { t } = useTranslation("code");
  return (
    <Switch
      size="xs"
      label={t("design.automatic")}
      checked={editing.automatic}
      onChange={(event) => editing.setAutomatic(event.currentTarget.checked)}
    />
  );
}

function Copy({ text }: { text: string }) {
  const { t } = useTranslation("code");
  return (
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <Button
          size="compact-sm"
          variant="default"
          leftSection={copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
          onClick={copy}
        >
          {t(copied ? "copied" : "copy")}
        </Button>
      )}
    </CopyButton>
  );
}
