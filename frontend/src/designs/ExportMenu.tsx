import { Button, Menu, Text } from "@mantine/core";
import {
  IconBraces,
  IconBrandPython,
  IconDownload,
  IconFileZip,
  IconTopologyStar3,
} from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { exportAddress } from "@/api/designs";
import { hasEnded, useRuns } from "@/api/runs";
import { useSession } from "@/api/session";
import type { RunSummary } from "@/api/types";
import { formatMetric } from "@/lib/format";

const FORMATS = [
  { format: "keras", icon: IconFileZip },
  { format: "python", icon: IconBrandPython },
  { format: "json", icon: IconBraces },
  { format: "design", icon: IconTopologyStar3 },
] as const;

function best(run: RunSummary): string {
  const [name, value] =
    Object.entries(run.logs ?? {}).find(([key]) => key.startsWith("val_") && key !== "val_loss") ??
    Object.entries(run.logs ?? {}).find(([key]) => key.endsWith("loss")) ??
    [];
  return name ? `${name} ${formatMetric(value)}` : "";
}

function RunItems({ designId }: { designId: string }) {
  const { t } = useTranslation("designs");
  const { data } = useRuns(designId);
  const usable = (data ?? []).filter((run) => hasEnded(run.state) && run.epoch).slice(0, 6);
  if (usable.length === 0) {
    return (
      <Text size="xs" c="dimmed" px="sm" pb={8} maw={250}>
        {t("export.noRuns")}
      </Text>
    );
  }
  return usable.map((run) => (
    <Menu.Item
      key={run.id}
      component="a"
      href={exportAddress(designId, "keras", run.id)}
      download
      leftSection={<IconDownload size={16} />}
      data-testid={`export-run-${run.number}`}
    >
      <Text size="sm">{t("export.run", { number: run.number })}</Text>
      <Text size="xs" c="dimmed">
        {t("export.runText", { dataset: run.dataset ?? "", metric: best(run) })}
      </Text>
    </Menu.Item>
  ));
}

/** Take a design along: as Keras model, Python, Keras architecture or design file, or with the weights of a run. */
export function ExportMenu({ designId }: { designId: string }) {
  const { t } = useTranslation("designs");
  const [opened, setOpened] = useState(false);
  // The holder of a share link may take the design along, not what is built from it.
  const visitor = useSession().data?.user === null;
  const formats = visitor ? FORMATS.filter(({ format }) => format === "design") : FORMATS;
  return (
    <Menu opened={opened} onChange={setOpened} width={290}>
      <Menu.Target>
        <Button
          variant="default"
          size="xs"
          leftSection={<IconDownload size={15} />}
          data-testid="export-open"
        >
          {t("export.button")}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t("export.label")}</Menu.Label>
        {formats.map(({ format, icon: Icon }) => (
          <Menu.Item
            key={format}
            component="a"
            href={exportAddress(designId, format)}
            download
            leftSection={<Icon size={16} />}
            data-testid={`export-${format}`}
          >
            <Text size="sm">{t(`export.${format}`)}</Text>
            <Text size="xs" c="dimmed">
              {t(`export.${format}Text`)}
            </Text>
          </Menu.Item>
        ))}
        {!visitor && <Menu.Label>{t("export.trained")}</Menu.Label>}
        {!visitor && opened && <RunItems designId={designId} />}
      </Menu.Dropdown>
    </Menu>
  );
}
