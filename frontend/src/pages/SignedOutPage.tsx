import { Button, Code, Container, CopyButton, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Logo } from "@/ui/Logo";

const COMMANDS = ["layerloom link", "layerloom user add NAME"] as const;

/** For a visitor without a session: there is no form, so it says where the sign-in link comes from. */
export function SignedOutPage() {
  const { t } = useTranslation("common");
  return (
    <Container size={560} py={{ base: 40, sm: 88 }}>
      <Stack gap="lg">
        <Logo size={44} />
        <div>
          <Title order={1} fz={28}>
            {t("signedOut.title")}
          </Title>
          <Text c="dimmed" mt={6}>
            {t("signedOut.text")}
          </Text>
        </div>
        {COMMANDS.map((command, index) => (
          <Paper key={command} withBorder p="md">
            <Text size="sm" mb={8}>
              {t(index === 0 ? "signedOut.own" : "signedOut.teammate")}
            </Text>
            <Group wrap="nowrap" gap="xs">
              <Code fz="sm" px="sm" py={7} flex={1}>
                {command}
              </Code>
              <CopyButton value={command}>
                {({ copied, copy }) => (
                  <Button
                    variant="default"
                    size="xs"
                    onClick={copy}
                    leftSection={copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
                  >
                    {t(copied ? "copied" : "copy")}
                  </Button>
                )}
              </CopyButton>
            </Group>
          </Paper>
        ))}
        <Text size="sm" c="dimmed">
          {t("signedOut.link")}
        </Text>
      </Stack>
    </Container>
  );
}
