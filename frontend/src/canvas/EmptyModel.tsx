import { Button, Paper, Text, Title } from "@mantine/core";
import { IconArrowLeft, IconLogin2, IconLogout2 } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useCanEdit } from "@/document";
import type { CanvasControl } from "./CanvasControl";
import classes from "./canvas.module.css";

/** What the inside of a new nested model shows: what it needs to become a model. */
export function EmptyModel({ control }: { control: CanvasControl }) {
  const { t } = useTranslation("canvas");
  const canEdit = useCanEdit();
  return (
    <Paper className={classes.emptyModel} withBorder shadow="sm" data-testid="empty-model">
      <Title order={2} fz={18} fw={640}>
        {t("emptyModel.title")}
      </Title>
      <Text size="sm" c="dimmed">
        {t(canEdit ? "emptyModel.text" : "emptyModel.viewer")}
      </Text>
      <div className={classes.emptyModelButtons}>
        {canEdit && (
          <>
            <Button
              size="xs"
              leftSection={<IconLogin2 size={15} />}
              data-testid="empty-model-input"
              onClick={() => control.addLayer("InputLayer")}
            >
              {t("emptyModel.input")}
            </Button>
            <Button
              size="xs"
              variant="default"
              leftSection={<IconLogout2 size={15} />}
              onClick={() => control.addLayer("Output")}
            >
              {t("emptyModel.output")}
            </Button>
          </>
        )}
        <Button
          size="xs"
          variant="subtle"
          leftSection={<IconArrowLeft size={15} />}
          onClick={() => control.leave()}
        >
          {t("emptyModel.back")}
        </Button>
      </div>
    </Paper>
  );
}
