import { Select } from "@mantine/core";
import { useContext } from "react";
import { useTranslation } from "react-i18next";
import { DesignChoicesContext } from "./choices";
import type { FieldProps } from "./field";

/** The nested model that a Model layer is built from: one of those in the design. */
export function GraphField(props: FieldProps) {
  const { spec, value, mixed } = props;
  const { t } = useTranslation("params");
  const { graphs } = useContext(DesignChoicesContext);
  const options = graphs.map(({ id, name }) => ({ value: id, label: name }));
  const chosen = typeof value === "string" ? value : null;
  const missing = chosen !== null && !options.some((option) => option.value === chosen);
  if (missing) options.unshift({ value: chosen, label: t("graph.missing") });
  return (
    <Select
      id={props.id}
      size="xs"
      searchable
      data={options}
      value={chosen}
      placeholder={mixed ? t("mixed") : t(graphs.length > 0 ? "graph.pick" : "graph.none")}
      readOnly={props.readOnly}
      error={props.error ?? (missing && t("graph.missing"))}
      data-testid={`${props.scope}-${spec.name}`}
      comboboxProps={{ withinPortal: true }}
      nothingFoundMessage={t("nothingFound")}
      onChange={(picked) => picked !== null && picked !== chosen && props.onSet([spec.name], picked)}
    />
  );
}
