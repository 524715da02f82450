import { Badge, CopyButton, Group, Paper, Stack, Text, Tooltip, UnstyledButton } from "@mantine/core";
import { IconFingerprint } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useRunCode } from "@/api/code";
import type { CodePiece } from "@/api/types";
import { formatMoment } from "@/lib/format";

/** The Python that people wrote and this run executed: what it is, whose it is, and the hash of its text. */
export function CodeList({ runId }: { runId: string }) {
  const { t } = useTranslation("runs");
  const { data } = useRunCode(runId);
  if (!data || data.length === 0) return null;
  return (
    <Paper withBorder p="md" component="section" aria-label={t("code.title")} data-testid="run-code">
      <Text fw={600} size="sm">
        {t("code.title")}
      </Text>
      <Text size="xs" c="dimmed" mb="xs">
        {t("code.text")}
      </Text>
      <Stack gap="xs">
        {data.map((piece) => (
          <Piece key={piece.id} piece={piece} />
        ))}
      </Stack>
    </Paper>
  );
}

function Piece({ piece }: { piece: CodePiece }) {
  const { t } = useTranslation("runs");
  return (
    <Group gap="sm" wrap="nowrap" align="flex-start">
      <div style={{ flex: 1, minWidth: 0 }}>
        <Group gap={6}>
          <Text size="sm" fw={550} ff="monospace">
            {piece.name}
          </Text>
          <Badge size="sm" variant="light">
            {t(`code.kind.${piece.kind}`)}
          </Badge>
        </Group>
        <Text size="xs" c="dimmed">
          {piece.authors.length === 0
            ? t("code.unknown")
            : piece.authors
                .map(({ user, at }) => t("code.author", { name: user.name, when: formatMoment(at) }))
                .join(" · ")}
        </Text>
      </div>
      <CopyButton value={piece.sha256}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? t("code.copied") : t("code.hash", { sum: piece.sha256 })}>
            <UnstyledButton onClick={copy}>
              <Group gap={4} wrap="nowrap">
                <IconFingerprint size={15} stroke={1.6} />
                <Text size="xs" ff="monospace">
                  {piece.sha256.slice(0, 12)}
                </Text>
              </Group>
            </UnstyledButton>
          </Tooltip>
        )}
      </CopyButton>
    </Group>
  );
}
