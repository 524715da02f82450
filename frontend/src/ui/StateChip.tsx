import { Badge, type BadgeProps, Tooltip } from "@mantine/core";
import {
  IconAlertTriangle,
  IconCircleCheck,
  IconClock,
  IconGhost2,
  IconHandStop,
  IconLoader2,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlugConnectedX,
} from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { RunState } from "@/api/types";

const LOOK: Record<RunState, { color: string; icon: typeof IconClock }> = {
  queued: { color: "gray", icon: IconClock },
  starting: { color: "cyan", icon: IconLoader2 },
  running: { color: "loom", icon: IconPlayerPlay },
  paused: { color: "yellow", icon: IconPlayerPause },
  stalled: { color: "orange", icon: IconPlugConnectedX },
  stopped: { color: "gray", icon: IconHandStop },
  finished: { color: "teal", icon: IconCircleCheck },
  failed: { color: "red", icon: IconAlertTriangle },
  lost: { color: "red", icon: IconGhost2 },
};

interface Props {
  state: RunState;
  size?: BadgeProps["size"];
  testId?: string;
}

/** The state of a run: a word, a colour and a sign, with what it means on hover. */
export function StateChip({ state, size = "md", testId }: Props) {
  const { t } = useTranslation("common");
  const { color, icon: Icon } = LOOK[state];
  return (
    <Tooltip label={t(`runStateHint.${state}`)}>
      <Badge
        variant="light"
        color={color}
        size={size}
        leftSection={<Icon size={size === "xs" || size === "sm" ? 11 : 13} stroke={2.2} />}
        data-testid={testId}
        data-state={state}
        style={{ flex: "none" }}
      >
        {t(`runState.${state}`)}
      </Badge>
    </Tooltip>
  );
}
