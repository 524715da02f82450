import { Alert, Button, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconFocus2 } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { RunDetail } from "@/api/types";

/** Why a run ended badly, what to do, and the way to the layer to blame. */
export function FailurePanel({ run }: { run: RunDetail }) {
  const { t } = useTranslation("runs");
  if (run.state !== "failed" && run.state !== "lost" && run.state !== "stalled") return null;
  const reason = run.reason || (run.state === "failed" ? "" : t(`failure.${run.state}Text`));
  return (
    <Alert
      color={run.state === "stalled" ? "orange" : "red"}
      icon={<IconAlertTriangle size={18} />}
      title={t(`failure.${run.state}`)}
      data-testid="run-failure"
    >
      <Stack gap={6} align="flex-start">
        <Text size="sm" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
          {reason}
        </Text>
        {run.hint && (
          <Text size="sm" fw={600}>
            {run.hint}
          </Text>
        )}
        {run.node && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconFocus2 size={15} />}
            component={Link}
            to={`/designs/${run.design_id}?node=${encodeURIComponent(run.node)}`}
            data-testid="run-blame"
          >
            {t("failure.node")}
          </Button>
        )}
      </Stack>
    </Alert>
  );
}
