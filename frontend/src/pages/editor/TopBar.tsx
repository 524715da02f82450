import { ActionIcon, Divider, Group, Text, TextInput, Tooltip, VisuallyHidden } from "@mantine/core";
import { IconDots } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { type ActionId, findAction, shortcutLabel, useActionContext, useEditorView } from "@/actions";
import { type DesignDetail, useDiagnostics } from "@/api";
import { CodeToggle } from "@/code/CodeToggle";
import { ExportDialog } from "@/designs/ExportDialog";
import { VersionsMenu } from "@/designs/VersionsMenu";
import {
  useCanEdit,
  useCanRedo,
  useCanUndo,
  useCommands,
  useMeta,
  useNodeIds,
  useSaveState,
} from "@/document";
import { formatCompact, formatCount } from "@/lib/format";
import { ShareButton } from "@/team/ShareButton";
import { HeaderSlot } from "@/ui/HeaderSlot";
import classes from "./editor.module.css";
import { ImportReport } from "./ImportReport";
import { SavedChip } from "./SavedChip";

/** The editor's part of the header; on a narrow screen its tools stand in a row of their own. */
export function TopBar({ design, wide }: { design: DesignDetail; wide: boolean }) {
  return (
    <>
      <HeaderSlot side="start">
        <Name fallback={design.name} />
        <SavedChip />
      </HeaderSlot>
      {wide ? (
        <HeaderSlot side="end">
          <TotalParameters designId={design.id} />
          <History />
          <Group gap={6} wrap="nowrap">
            <Places design={design} />
          </Group>
        </HeaderSlot>
      ) : (
        <NarrowTools design={design} />
      )}
    </>
  );
}

/** On a narrow screen what leads elsewhere is folded away behind one button. */
function NarrowTools({ design }: { design: DesignDetail }) {
  const { t } = useTranslation("document");
  const [open, setOpen] = useState(false);
  return (
    <>
      <div className={classes.toolRow}>
        <TotalParameters designId={design.id} />
        <span className={classes.spacer} />
        <History />
        <ActionIcon
          size="lg"
          aria-label={t("more")}
          aria-expanded={open}
          data-testid="more-tools"
          onClick={() => setOpen(!open)}
        >
          <IconDots size={18} />
        </ActionIcon>
      </div>
      <div className={classes.moreTools} data-open={open || undefined}>
        <Places design={design} />
      </div>
    </>
  );
}

function Places({ design }: { design: DesignDetail }) {
  const canEdit = useCanEdit();
  return (
    <>
      <ImportReport />
      <CodeToggle />
      <VersionsMenu designId={design.id} canEdit={canEdit} />
      <ExportDialog
        designId={design.id}
        designName={design.name}
        savePicture={(kind) => useEditorView.getState().canvas?.picture(kind)}
      />
      <ShareButton designId={design.id} designName={design.name} role={design.role} />
    </>
  );
}

function History() {
  const empty = useNodeIds().length === 0;
  const canEdit = useCanEdit();
  return (
    <Group gap={2} wrap="nowrap">
      {canEdit && <Edits />}
      <Tool id="find" disabled={empty} />
      <Divider orientation="vertical" mx={4} my={6} />
    </Group>
  );
}

function Edits() {
  const canUndo = useCanUndo();
  const canRedo = useCanRedo();
  const empty = useNodeIds().length === 0;
  return (
    <>
      <Tool id="undo" disabled={!canUndo} />
      <Tool id="redo" disabled={!canRedo} />
      <Tool id="tidy" disabled={empty} />
    </>
  );
}

function Tool({ id, disabled }: { id: ActionId; disabled: boolean }) {
  const { t } = useTranslation("actions");
  const context = useActionContext();
  const action = findAction(id);
  const title = t(`${id}.title`);
  return (
    <Tooltip label={`${title}  ${shortcutLabel(action)}`}>
      <ActionIcon
        size="lg"
        className={classes.tool}
        aria-label={title}
        data-testid={id}
        disabled={disabled}
        onClick={() => action.run(context())}
      >
        <action.icon size={18} stroke={1.7} />
      </ActionIcon>
    </Tooltip>
  );
}

function TotalParameters({ designId }: { designId: string }) {
  const { t } = useTranslation("document");
  const { analysis } = useDiagnostics(designId);
  if (!analysis) return null;
  const { total_params, trainable_params } = analysis;
  const frozen = total_params - trainable_params;
  const label = [
    t("total.help", { params: formatCount(total_params) }),
    frozen > 0 ? t("total.frozen", { params: formatCount(frozen) }) : "",
  ].join(" ");
  return (
    <Tooltip label={label}>
      <Text
        size="sm"
        c="dimmed"
        className={classes.total}
        data-testid="total-parameters"
        data-params={total_params}
      >
        <b>{formatCompact(total_params)}</b> {t("total.short")}
      </Text>
    </Tooltip>
  );
}

function Name({ fallback }: { fallback: string }) {
  const { t } = useTranslation("document");
  const meta = useMeta();
  const loading = useSaveState() === "loading";
  const canEdit = useCanEdit();
  const commands = useCommands();
  const name = loading ? fallback : meta.name;
  const [draft, setDraft] = useState<string | null>(null);
  useEffect(() => {
    document.title = `${name} · Layerloom`;
  }, [name]);
  const finish = () => {
    const typed = draft?.trim();
    if (typed && typed !== name) commands.setMeta(["name"], typed.slice(0, 200));
    commands.endGesture();
    setDraft(null);
  };
  return (
    <>
      <VisuallyHidden component="h1">{name}</VisuallyHidden>
      <TextInput
        variant="unstyled"
        className={classes.name}
        classNames={{ input: classes.nameInput }}
        value={draft ?? name}
        readOnly={!canEdit || loading}
        maxLength={200}
        aria-label={t("name")}
        data-testid="design-name"
        onChange={(event) => setDraft(event.currentTarget.value)}
        onBlur={finish}
        onKeyDown={(event) => {
          if (event.key === "Enter") event.currentTarget.blur();
          else if (event.key === "Escape") setDraft(null);
        }}
      />
    </>
  );
}
