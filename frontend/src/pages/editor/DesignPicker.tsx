import { Button, Loader, Menu, Modal, Switch, Text, TextInput, UnstyledButton } from "@mantine/core";
import { IconArrowRight, IconChevronDown, IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { select, shownGraph, useEditorView } from "@/actions";
import { type DesignSummary, toApiError, useDesigns } from "@/api";
import { type Insertion, readInsertion } from "@/api/designs";
import { hasWeights, useLatestRuns, useRuns } from "@/api/runs";
import { categoryStyle } from "@/catalog";
import { useDesignDocument } from "@/document";
import { formatAgo } from "@/lib/format";
import { useRunName } from "@/runs/useRunName";
import { notifyError } from "@/ui/notify";
import { Thumbnail } from "@/ui/Thumbnail";
import classes from "./editor.module.css";

/** Choose a saved design, or what a run of it trained, that becomes one layer of this design. */
export function DesignPicker({ designId }: { designId: string }) {
  const { t } = useTranslation("document");
  const opened = useEditorView((view) => view.pickingDesign);
  const close = () => useEditorView.setState({ pickingDesign: false });
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={t("picker.title")}
      size="lg"
      // What opened it, a menu or the command palette, is gone by then.
      returnFocus={false}
      onExitTransitionEnd={() => useEditorView.getState().canvas?.focusCanvas()}
      data-testid="design-picker"
    >
      {opened && <Choices designId={designId} onDone={close} />}
    </Modal>
  );
}

function Choices({ designId, onDone }: { designId: string; onDone: () => void }) {
  const { t } = useTranslation("document");
  const design = useDesignDocument();
  const { data, isPending } = useDesigns();
  const latest = useLatestRuns();
  const [query, setQuery] = useState("");
  const [frozen, setFrozen] = useState(false);
  const [busy, setBusy] = useState<string | null>(null);
  const words = query.trim().toLowerCase();
  const found = (data ?? []).filter(
    (each) => each.id !== designId && each.name.toLowerCase().includes(words),
  );
  const trained = new Set(latest.data?.map((run) => run.design_id));

  async function add(id: string, insertion: Insertion) {
    setBusy(id);
    try {
      const { canvas } = useEditorView.getState();
      const { x, y } = canvas?.freePlace() ?? { x: 0, y: 0 };
      const graph = shownGraph(design.snapshot.content);
      const { edits, node } = await readInsertion(designId, {
        ...insertion,
        graph,
        x,
        y,
        trainable: !frozen,
      });
      design.commands.applyEdits(edits);
      design.commands.endGesture();
      select([node]);
      onDone();
    } catch (thrown) {
      notifyError(toApiError(thrown));
    } finally {
      setBusy(null);
    }
  }

  return (
    <>
      <Text size="sm" c="dimmed" mb="sm">
        {t("picker.text")}
      </Text>
      <TextInput
        data-autofocus
        value={query}
        placeholder={t("picker.search")}
        aria-label={t("picker.search")}
        leftSection={<IconSearch size={15} />}
        data-testid="design-picker-search"
        onChange={(event) => setQuery(event.currentTarget.value)}
      />
      <Switch
        mt="sm"
        size="sm"
        label={t("picker.frozen")}
        checked={frozen}
        data-testid="design-picker-frozen"
        onChange={(event) => setFrozen(event.currentTarget.checked)}
      />
      <div className={classes.picker}>
        {isPending && <Loader size="sm" mx="auto" />}
        {found.map((each) => (
          <Choice
            key={each.id}
            design={each}
            trained={trained.has(each.id)}
            busy={busy === each.id}
            disabled={busy !== null}
            onPick={(insertion) => void add(each.id, insertion)}
          />
        ))}
        {!isPending && found.length === 0 && (
          <Text size="sm" c="dimmed" role="status">
            {t(words ? "picker.nothingFound" : "picker.none")}
          </Text>
        )}
      </div>
    </>
  );
}

interface ChoiceProps {
  design: DesignSummary;
  trained: boolean;
  busy: boolean;
  disabled: boolean;
  onPick: (insertion: Insertion) => void;
}

function Choice({ design, trained, busy, disabled, onPick }: ChoiceProps) {
  return (
    <div className={classes.choice}>
      <UnstyledButton
        className={classes.template}
        flex={1}
        miw={0}
        disabled={disabled}
        data-testid={`pick-design-${design.id}`}
        onClick={() => onPick({ design_id: design.id })}
      >
        <span className={classes.pickerThumbnail}>
          <Thumbnail data={design.thumbnail} colorOf={(category) => categoryStyle(category).color} />
        </span>
        <Text size="sm" fw={550} flex={1} lineClamp={1}>
          {design.name}
        </Text>
        {busy ? <Loader size={14} /> : <IconArrowRight size={15} aria-hidden />}
      </UnstyledButton>
      {trained && <TrainedChoice design={design} disabled={disabled} onPick={onPick} />}
    </div>
  );
}

/** What runs of the design trained, the newest first. */
function TrainedChoice({ design, disabled, onPick }: Pick<ChoiceProps, "design" | "disabled" | "onPick">) {
  const { t } = useTranslation("document");
  const [opened, setOpened] = useState(false);
  return (
    <Menu opened={opened} onChange={setOpened} position="bottom-end" width={240}>
      <Menu.Target>
        <Button
          variant="default"
          size="xs"
          disabled={disabled}
          rightSection={<IconChevronDown size={14} />}
          aria-label={t("picker.trainedNamed", { name: design.name })}
          data-testid={`pick-trained-${design.id}`}
        >
          {t("picker.trained")}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>{opened && <TrainedRuns designId={design.id} onPick={onPick} />}</Menu.Dropdown>
    </Menu>
  );
}

function TrainedRuns({ designId, onPick }: { designId: string; onPick: ChoiceProps["onPick"] }) {
  const { t } = useTranslation("document");
  const { data } = useRuns(designId);
  const nameOf = useRunName();
  const whole = data?.filter(hasWeights);
  if (!whole) return <Loader size="xs" m="xs" />;
  if (whole.length === 0) return <Menu.Label>{t("picker.noRun")}</Menu.Label>;
  return whole.map((run) => (
    <Menu.Item
      key={run.id}
      data-testid={`pick-run-${run.number}`}
      rightSection={
        <Text size="xs" c="dimmed">
          {formatAgo(run.created_at)}
        </Text>
      }
      onClick={() => onPick({ run_id: run.id })}
    >
      {nameOf(run)}
    </Menu.Item>
  ));
}
