import { ActionIcon, Badge, Text, TextInput, Tooltip } from "@mantine/core";
import { modals } from "@mantine/modals";
import { IconArrowLeft, IconTrash } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { showOwnCode } from "@/actions/codeView";
import { toApiError } from "@/api";
import { type Fault, useReadOwnCode } from "@/api/code";
import { type Code, useCanEdit, useCommands, useDesignDocument, useDocumentSelector } from "@/document";
import { CodeCheck } from "./CodeCheck";
import { ConflictBar } from "./ConflictBar";
import classes from "./code.module.css";
import { PythonEditor } from "./PythonEditor";
import { isPythonName } from "./pieceName";
import { useDraft } from "./useDraft";
import { countUses, renameEdits } from "./uses";

const PAUSE_MS = 500;
const NO_FAULTS: Fault[] = [];

/** One piece of own code: its name, its text, its faults, and the way to try it. */
export function PieceEditor({ id }: { id: string }) {
  const { t } = useTranslation("code");
  const code = useDocumentSelector((content) => content.code);
  const piece = code[id];
  const canEdit = useCanEdit();
  const draft = useStoredDraft(id, piece?.source);
  const { faults, refusal } = useReading(id, code);
  const [first] = faults ?? [];
  const state = () => {
    if (draft.edited) return { state: "typing" } as const;
    if (refusal) return { state: "fault", fault: refusal } as const;
    if (!faults) return { state: "reading" } as const;
    if (!first) return { state: "fine" } as const;
    return { state: "fault", fault: t("faultAt", { line: first.line, message: first.message }) } as const;
  };
  if (!piece) return null;
  return (
    <>
      <div className={classes.header}>
        <Tooltip label={t("own.back")}>
          <ActionIcon
            aria-label={t("own.back")}
            onClick={() => showOwnCode(null)}
            data-testid="own-code-back"
          >
            <IconArrowLeft size={17} />
          </ActionIcon>
        </Tooltip>
        <PieceName key={piece.name} id={id} piece={piece} />
        <Badge variant="light" size="sm" style={{ flex: "none" }}>
          {t(`kind.${piece.kind}`)}
        </Badge>
        <span className={classes.spacer} />
        {canEdit && <Remove id={id} piece={piece} />}
      </div>
      {draft.conflict && (
        <ConflictBar text={t("conflict.piece")} onKeep={draft.keepOwn} onTake={draft.takeGiven} />
      )}
      <div className={classes.editor}>
        <PythonEditor
          value={draft.text}
          label={t("own.label", { name: piece.name })}
          readOnly={!canEdit}
          faults={draft.edited ? undefined : faults}
          onChange={draft.type}
          testId="own-code-editor"
        />
      </div>
      <CodeCheck piece={piece} reading={state()} />
    </>
  );
}

interface Reading {
  /** What is wrong with the piece; undefined while its text is still being read. */
  faults?: Fault[];
  /** Why it could not be read. */
  refusal?: string;
}

/** What reading the design's own code says of the piece `id`. */
function useReading(id: string, code: Record<string, Code>): Reading {
  const design = useDesignDocument();
  const { data, error, isPlaceholderData } = useReadOwnCode(design.id, code);
  if (error) return { refusal: toApiError(error).message };
  return data && !isPlaceholderData ? { faults: data.faults[id] ?? NO_FAULTS } : {};
}

/** A draft that goes into the design on every pause of typing, and when the editor is left. */
function useStoredDraft(id: string, given: string | undefined) {
  const commands = useCommands();
  const draft = useDraft(`code ${id}`, given);
  const store = () => {
    if (!draft.edited || draft.conflict) return;
    commands.setCode(id, "source", draft.text);
    draft.settle();
  };
  const latest = useRef(store);
  latest.current = store;
  // biome-ignore lint/correctness/useExhaustiveDependencies: every key stroke starts the pause anew
  useEffect(() => {
    if (!draft.edited || draft.conflict) return;
    const timer = setTimeout(() => latest.current(), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [draft.text, draft.edited, draft.conflict]);
  useEffect(() => () => latest.current(), []);
  return draft;
}

function PieceName({ id, piece }: { id: string; piece: Code }) {
  const { t } = useTranslation("code");
  const design = useDesignDocument();
  const commands = useCommands();
  const canEdit = useCanEdit();
  const [name, setName] = useState(piece.name);
  const taken = Object.entries(design.snapshot.content.code).some(
    ([other, one]) => other !== id && one.name === name,
  );
  const wrong = !isPythonName(name) ? "own.nameExpected" : taken ? "own.nameTaken" : null;
  const finish = () => {
    if (wrong) return setName(piece.name);
    const edits = renameEdits(design.snapshot.content, id, name);
    if (edits.length > 0) commands.applyEdits(edits);
    commands.endGesture();
  };
  return (
    <TextInput
      size="xs"
      ff="monospace"
      value={name}
      readOnly={!canEdit}
      aria-label={t("own.name")}
      error={wrong && t(wrong)}
      maxLength={128}
      spellCheck={false}
      data-testid="own-code-name"
      onChange={(event) => setName(event.currentTarget.value.trim())}
      onBlur={finish}
      onKeyDown={(event) => {
        if (event.key === "Enter") event.currentTarget.blur();
        if (event.key === "Escape") setName(piece.name);
      }}
    />
  );
}

function Remove({ id, piece }: { id: string; piece: Code }) {
  const { t } = useTranslation("code");
  const design = useDesignDocument();
  const commands = useCommands();
  const remove = () => {
    commands.removeCode(id);
    commands.endGesture();
    showOwnCode(null);
  };
  const ask = () => {
    const uses = countUses(design.snapshot.content, piece);
    if (uses === 0) return remove();
    modals.openConfirmModal({
      title: t("own.removeTitle", { name: piece.name }),
      children: <Text size="sm">{t("own.removeText", { count: uses })}</Text>,
      labels: { confirm: t("common:delete"), cancel: t("common:cancel") },
      confirmProps: { color: "red" },
      onConfirm: remove,
    });
  };
  return (
    <Tooltip label={t("own.remove")}>
      <ActionIcon aria-label={t("own.remove")} onClick={ask} data-testid="own-code-remove">
        <IconTrash size={16} />
      </ActionIcon>
    </Tooltip>
  );
}
