import { Loader, Modal, Text, TextInput, UnstyledButton } from "@mantine/core";
import { IconArrowRight, IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { select, shownGraph, useEditorView } from "@/actions";
import { answer, api, type DesignSummary, toApiError, useDesigns } from "@/api";
import { categoryStyle } from "@/catalog";
import { type JsonObject, type Meta, readFragment, useDesignDocument } from "@/document";
import { notifyError } from "@/ui/notify";
import { Thumbnail } from "@/ui/Thumbnail";
import classes from "./editor.module.css";

/** Choose a saved design that becomes one layer of this one. */
export function DesignPicker({ designId }: { designId: string }) {
  const { t } = useTranslation("document");
  const opened = useEditorView((view) => view.pickingDesign);
  const close = () => useEditorView.setState({ pickingDesign: false });
  return (
    <Modal opened={opened} onClose={close} title={t("picker.title")} size="lg" data-testid="design-picker">
      {opened && <Choices designId={designId} onDone={close} />}
    </Modal>
  );
}

function Choices({ designId, onDone }: { designId: string; onDone: () => void }) {
  const { t } = useTranslation("document");
  const design = useDesignDocument();
  const { data, isPending } = useDesigns();
  const [query, setQuery] = useState("");
  const [busy, setBusy] = useState<string | null>(null);
  const words = query.trim().toLowerCase();
  const found = (data ?? []).filter(
    (each) => each.id !== designId && each.name.toLowerCase().includes(words),
  );

  async function add({ id, name }: DesignSummary) {
    setBusy(id);
    try {
      const file = (await documentOf(id)) as unknown as JsonObject;
      const fragment = readFragment(file);
      if (!fragment) throw new Error(t("picker.empty", { name }));
      const { canvas } = useEditorView.getState();
      const { x, y } = canvas?.freePlace() ?? { x: 0, y: 0 };
      const { model_class, model_name } = file.meta as unknown as Meta;
      const graph = shownGraph(design.snapshot.content);
      const about = { name: model_name || name, model_class };
      const node = design.commands.addDesign(fragment, about, { graph, x, y });
      if (node) select([node]);
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
      <div className={classes.picker}>
        {isPending && <Loader size="sm" mx="auto" />}
        {found.map((each) => (
          <UnstyledButton
            key={each.id}
            className={classes.template}
            disabled={busy !== null}
            data-testid={`pick-design-${each.id}`}
            onClick={() => void add(each)}
          >
            <span className={classes.pickerThumbnail}>
              <Thumbnail data={each.thumbnail} colorOf={(category) => categoryStyle(category).color} />
            </span>
            <Text size="sm" fw={550} flex={1} lineClamp={1}>
              {each.name}
            </Text>
            {busy === each.id ? <Loader size={14} /> : <IconArrowRight size={15} aria-hidden />}
          </UnstyledButton>
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

function documentOf(id: string) {
  return answer(api.GET("/api/designs/{design_id}/document", { params: { path: { design_id: id } } }));
}
