import { Button, Code, Container, Group, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";

/** Shown in place of a part that crashed: what was thrown, and the two ways on. */
export function CrashView({ error, onRetry }: { error: Error; onRetry: () => void }) {
  const { t } = useTranslation("common");
  return (
    <Container size="sm" py={64} role="alert">
      <Stack>
        <Title order={2}>{t("crash.title")}</Title>
        <Text c="dimmed">{t("crash.text")}</Text>
        <Code block>{`${error.name}: ${error.message}`}</Code>
        <Group>
          <Button onClick={onRetry}>{t("crash.again")}</Button>
          <Button variant="default" onClick={() => window.location.reload()}>
            {t("crash.reload")}
          </Button>
        </Group>
      </Stack>
    </Container>
  );
}
