import { Button, Group, Paper, Stack, Text, Tooltip } from "@mantine/core";
import { IconBrandPython, IconDownload, IconFile, IconFileZip } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { artifactAddress } from "@/api/runs";
import type { Artifact } from "@/api/types";
import { formatBytes } from "@/lib/format";

const RAW = "model_with_preprocessing.keras";

function kindOf(name: string) {
  if (name === RAW) return { words: "raw", Icon: IconFileZip } as const;
  if (name.endsWith(".keras")) return { words: "model", Icon: IconFileZip } as const;
  if (name.endsWith(".py")) return { words: "python", Icon: IconBrandPython } as const;
  return { words: "other", Icon: IconFile } as const;
}

/** The files that a run left: the trained model and its Python. */
export function ArtifactList({ runId, artifacts }: { runId: string; artifacts: Artifact[] }) {
  const { t } = useTranslation("runs");
  return (
    <Paper withBorder p="md" component="section" aria-label={t("artifacts.title")}>
      <Text fw={600} size="sm" mb="xs">
        {t("artifacts.title")}
      </Text>
      {artifacts.length === 0 && (
        <Text size="sm" c="dimmed">
          {t("artifacts.none")}
        </Text>
      )}
      <Stack gap="xs">
        {artifacts.map((artifact) => {
          const { words, Icon } = kindOf(artifact.name);
          return (
            <Group key={artifact.name} wrap="nowrap" gap="sm">
              <Icon size={22} stroke={1.5} />
              <div style={{ flex: 1, minWidth: 0 }}>
                <Text size="sm" fw={550} truncate="end">
                  {artifact.name}
                </Text>
                <Tooltip label={t("artifacts.checksum", { sum: artifact.sha256 })}>
                  <Text size="xs" c="dimmed" truncate="end">
                    {formatBytes(artifact.bytes)} · {t(`artifacts.${words}`)}
                  </Text>
                </Tooltip>
              </div>
              <Button
                size="xs"
                variant="default"
                component="a"
                href={artifactAddress(runId, artifact.name)}
                download
                leftSection={<IconDownload size={15} />}
                aria-label={t("artifacts.download", { name: artifact.name })}
                data-testid={`artifact-${artifact.name}`}
              >
                {t("artifacts.download", { name: "" }).trim()}
              </Button>
            </Group>
          );
        })}
      </Stack>
    </Paper>
  );
}
