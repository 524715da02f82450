import { Button, Group, Text } from "@mantine/core";
import { modals } from "@mantine/modals";
import { IconPlayerPause, IconPlayerPlay, IconPlayerStop } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toApiError } from "@/api/errors";
import { hasEnded, useCommandRun } from "@/api/runs";
import type { Command, Role, RunState } from "@/api/types";
import { notifyError } from "@/ui/notify";

interface Props {
  id: string;
  state: RunState;
  role: Role;
  compact?: boolean;
}

/** Stop, pause and resume, for those who may; stopping asks first. */
export function RunCommands({ id, state, role, compact = false }: Props) {
  const { t } = useTranslation("runs");
  const command = useCommandRun(id);
  const [stopping, setStopping] = useState(false);
  if (role === "viewer" || hasEnded(state)) return null;

  const send = (body: Command) =>
    command.mutate(body, {
      onError: (thrown) => {
        setStopping(false);
        notifyError(toApiError(thrown));
      },
    });
  const askStop = () =>
    modals.openConfirmModal({
      title: t("commands.stopTitle"),
      children: <Text size="sm">{t("commands.stopText")}</Text>,
      labels: { confirm: t("commands.stopConfirm"), cancel: t("common:cancel") },
      confirmProps: { color: "red", ...{ "data-testid": "run-stop-confirm" } },
      onConfirm: () => {
        setStopping(true);
        send({ command: "stop" });
      },
    });
  const size = compact ? "compact-sm" : "xs";

  return (
    <Group gap="xs" wrap="nowrap">
      {state === "paused" ? (
        <Button
          size={size}
          variant="default"
          leftSection={<IconPlayerPlay size={15} />}
          onClick={() => send({ command: "resume" })}
          data-testid={compact ? "run-line-resume" : "run-resume"}
        >
          {t("commands.resume")}
        </Button>
      ) : (
        !compact &&
        state === "running" && (
          <Button
            size={size}
            variant="default"
            leftSection={<IconPlayerPause size={15} />}
            onClick={() => send({ command: "pause" })}
            data-testid="run-pause"
          >
            {t("commands.pause")}
          </Button>
        )
      )}
      <Button
        size={size}
        variant="light"
        color="red"
        leftSection={<IconPlayerStop size={15} />}
        disabled={stopping}
        onClick={askStop}
        data-testid={compact ? "run-line-stop" : "run-stop"}
      >
        {t(stopping ? "commands.stopAsked" : "commands.stop")}
      </Button>
    </Group>
  );
}
