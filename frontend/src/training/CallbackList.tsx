import { ActionIcon, Select, Text } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { objectSpec, objectsOf } from "@/catalog";
import { useCanEdit, useCommands, useTraining } from "@/document";
import { newId } from "@/document/names";
import { rankedFilter, renderObject } from "@/ui/params";
import { Configurable } from "./Configurable";
import { Part } from "./Part";
import classes from "./training.module.css";

/** The callbacks of a fit, in order: added from the catalog, configured, removed. */
export function CallbackList() {
  const { t } = useTranslation("training");
  const { callbacks } = useTraining();
  const commands = useCommands();
  const canEdit = useCanEdit();
  const [added, setAdded] = useState<string | null>(null);
  const ordered = Object.entries(callbacks).sort(
    ([a, one], [b, other]) => (one.position ?? 0) - (other.position ?? 0) || (a < b ? -1 : 1),
  );

  function add(className: string) {
    const id = newId();
    const position = (ordered.at(-1)?.[1].position ?? 0) + 1;
    setAdded(id);
    commands.setTraining(["callbacks", id], { class_name: className, config: {}, position });
  }

  return (
    <Part title={t("callbacks.title")}>
      <div className={classes.list}>
        {ordered.length === 0 && !canEdit && (
          <Text size="xs" c="dimmed">
            {t("callbacks.none")}
          </Text>
        )}
        {ordered.map(([id, callback]) => (
          <Configurable
            key={id}
            spec={objectSpec("callbacks", callback.class_name)}
            title={callback.class_name}
            config={callback.config ?? {}}
            readOnly={!canEdit}
            openAtFirst={id === added}
            onSet={(path, value) => commands.setTraining(["callbacks", id, "config", ...path], value)}
            onUnset={(path) => commands.unsetTraining(["callbacks", id, "config", ...path])}
            action={
              canEdit && (
                <ActionIcon
                  size={24}
                  aria-label={t("callbacks.remove", { name: callback.class_name })}
                  onClick={() => commands.unsetTraining(["callbacks", id])}
                >
                  <IconTrash size={14} />
                </ActionIcon>
              )
            }
          />
        ))}
        {canEdit && (
          <Select
            size="xs"
            searchable
            value={null}
            data={objectsOf("callbacks").map((spec) => ({ value: spec.name, label: spec.name }))}
            placeholder={t("callbacks.add")}
            aria-label={t("callbacks.add")}
            data-testid="add-callback"
            filter={rankedFilter("callbacks")}
            renderOption={renderObject("callbacks")}
            comboboxProps={{ width: 320, position: "bottom-end" }}
            maxDropdownHeight={320}
            onChange={(name) => name && add(name)}
          />
        )}
      </div>
    </Part>
  );
}
