import { Button, Group, SegmentedControl, Slider, Switch, Text, Tooltip } from "@mantine/core";
import { IconZoomReset } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Look } from "./curveTables";
import type { Basis } from "./liveRun";

interface Props {
  look: Look;
  zoomed: boolean;
  onLook: (change: Partial<Look>) => void;
  onResetZoom: () => void;
}

/** How the curves are drawn: per batch or epoch, how smooth, on which scale, how much of them. */
export function CurveToolbar({ look, zoomed, onLook, onResetZoom }: Props) {
  const { t } = useTranslation("runs");
  return (
    <Group gap="lg" role="group" aria-label={t("toolbar.label")}>
      <SegmentedControl
        size="xs"
        aria-label={t("toolbar.basis")}
        value={look.basis}
        onChange={(value) => onLook({ basis: value as Basis })}
        data={[
          { value: "batch", label: t("toolbar.batch") },
          { value: "epoch", label: t("toolbar.epoch") },
        ]}
      />
      <Tooltip label={t("toolbar.smoothingHint")}>
        <Group gap={8} wrap="nowrap">
          <Text size="xs" c="dimmed">
            {t("toolbar.smoothing")}
          </Text>
          <Slider
            w={130}
            size="sm"
            min={0}
            max={0.98}
            step={0.02}
            value={look.smoothing}
            onChange={(smoothing) => onLook({ smoothing })}
            label={null}
            thumbLabel={t("toolbar.smoothing")}
          />
          <Text size="xs" w={30} ta="right">
            {look.smoothing.toFixed(2)}
          </Text>
        </Group>
      </Tooltip>
      <Switch
        size="xs"
        label={t("toolbar.log")}
        checked={look.logarithmic}
        onChange={(event) => onLook({ logarithmic: event.currentTarget.checked })}
      />
      {zoomed && (
        <Button
          size="compact-xs"
          variant="subtle"
          leftSection={<IconZoomReset size={14} />}
          onClick={onResetZoom}
          data-testid="zoom-reset"
        >
          {t("toolbar.resetZoom")}
        </Button>
      )}
    </Group>
  );
}
