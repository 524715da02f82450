import { Button, Group, Select, Text, TextInput } from "@mantine/core";
import { IconFolderOpen, IconPackageOff } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { openInside, useEditorView } from "@/actions";
import {
  canUnpack,
  graphInside,
  type LayerInstance,
  layerCount,
  useCanEdit,
  useCommands,
  useDesignDocument,
  useDocumentSelector,
  usersOfGraph,
} from "@/document";
import { useDraft } from "@/ui/params";
import { Section } from "./Section";

/** What is inside a nested model, or a wrapper around one: its name, how it is built, and the way in. */
export function NestedModel({ node, layer }: { node: string; layer: LayerInstance }) {
  const { t } = useTranslation("inspector");
  const design = useDesignDocument();
  const commands = useCommands();
  const canEdit = useCanEdit();
  const id = useDocumentSelector((content) => graphInside(layer, content.layers)) ?? "";
  const graph = useDocumentSelector((content) => content.graphs[id]);
  const count = useDocumentSelector((content) => layerCount(content, id));
  const users = useDocumentSelector((content) => usersOfGraph(content.layers, id).length);
  if (!graph) return null;
  return (
    <Section title={t("nested.title")}>
      <GraphName key={id} graph={id} name={graph.name} />
      <Select
        size="xs"
        label={t("nested.class")}
        readOnly={!canEdit}
        allowDeselect={false}
        data={[
          { value: "auto", label: t("nested.auto") },
          { value: "Functional", label: "Functional" },
          { value: "Sequential", label: "Sequential" },
        ]}
        value={graph.model_class}
        data-testid="graph-class"
        onChange={(picked) => picked && commands.setGraph(id, "model_class", picked)}
      />
      <Text size="xs" c="dimmed">
        {t("nested.layers", { count })}
        {users > 1 && ` ${t("nested.users", { count: users })}`}
      </Text>
      <Group gap={8}>
        <Button
          size="compact-xs"
          leftSection={<IconFolderOpen size={13} />}
          data-testid="open-model"
          onClick={() => openInside(design.snapshot.content, node)}
        >
          {t("nested.open")}
        </Button>
        {canEdit && canUnpack(design.snapshot.content, node) && (
          <Button
            size="compact-xs"
            variant="default"
            leftSection={<IconPackageOff size={13} />}
            data-testid="unpack-model"
            onClick={() => useEditorView.getState().canvas?.unpack(node)}
          >
            {t("nested.unpack")}
          </Button>
        )}
      </Group>
    </Section>
  );
}

export function GraphName({ graph, name }: { graph: string; name: string }) {
  const { t } = useTranslation("inspector");
  const commands = useCommands();
  const canEdit = useCanEdit();
  const draft = useDraft({
    value: name,
    format: String,
    parse: (text) =>
      text.trim() ? { ok: true, value: text.trim() } : { ok: false, expected: { key: "name" } },
    commit: (value) => commands.setGraph(graph, "name", String(value)),
  });
  return (
    <TextInput
      size="xs"
      label={t("nested.name")}
      value={draft.text}
      readOnly={!canEdit}
      maxLength={200}
      error={draft.expected && t("nameExpected")}
      data-testid="graph-name"
      onChange={(event) => draft.change(event.currentTarget.value)}
      onFocus={draft.focus}
      onBlur={draft.blur}
    />
  );
}
