import { Alert, Select, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { objectsOf } from "@/catalog";
import { mapEdits } from "@/designs/placeholders";
import { type LayerInstance, useCanEdit, useCommands, useDesignDocument } from "@/document";
import { rankedFilter, renderObject } from "@/ui/params";

/** A layer that the catalog does not know: what it was, and the choice of what it shall be. */
export function MapPlaceholder({ id, layer }: { id: string; layer: LayerInstance }) {
  const { t } = useTranslation("inspector");
  const design = useDesignDocument();
  const commands = useCommands();
  const canEdit = useCanEdit();
  const named = typeof layer.params.class_name === "string" ? layer.params.class_name : layer.class_name;
  const options = objectsOf("layers")
    .filter((spec) => !spec.marker && spec.name !== layer.class_name)
    .sort((a, b) => Number(Boolean(b.code)) - Number(Boolean(a.code)))
    .map((spec) => ({ value: spec.name, label: spec.name }));
  return (
    <Alert color="orange" title={t("unknownClass.title", { class: named })} data-testid="placeholder">
      <Text size="xs">{t("unknownClass.text")}</Text>
      {canEdit && (
        <Select
          size="xs"
          mt="xs"
          searchable
          data={options}
          value={null}
          label={t("unknownClass.map")}
          placeholder={t("unknownClass.pick")}
          filter={rankedFilter("layers")}
          renderOption={renderObject("layers")}
          comboboxProps={{ withinPortal: true }}
          data-testid="map-placeholder"
          onChange={(picked) => picked && commands.applyEdits(mapEdits(design.snapshot.content, id, picked))}
        />
      )}
    </Alert>
  );
}
