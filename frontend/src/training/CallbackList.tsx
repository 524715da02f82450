import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useCanEdit, useTraining } from "@/document";
import { ObjectList } from "./ObjectList";
import { Part } from "./Part";
import classes from "./training.module.css";

const PATH = ["callbacks"] as const;

/** The callbacks of a fit, in order. */
export function CallbackList() {
  const { t } = useTranslation("training");
  const { callbacks } = useTraining();
  const canEdit = useCanEdit();
  return (
    <Part title={t("callbacks.title")}>
      <div className={classes.list}>
        {Object.keys(callbacks).length === 0 && !canEdit && (
          <Text size="xs" c="dimmed">
            {t("callbacks.none")}
          </Text>
        )}
        <ObjectList
          kind="callbacks"
          path={PATH}
          entries={callbacks}
          words={{
            add: t("callbacks.add"),
            remove: (name) => t("callbacks.remove", { name }),
            nothingFound: t("callbacks.nothingFound"),
          }}
        />
      </div>
    </Part>
  );
}
