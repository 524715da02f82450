import { Alert, Button, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

export interface ErrorWords {
  message: string;
  expected?: string;
  received?: string;
  hint?: string;
}

interface Props {
  error: ErrorWords;
  onRetry?: () => void;
  children?: ReactNode;
}

/** What happened, what was expected, what came instead, and what to do. */
export function ErrorView({ error, onRetry, children }: Props) {
  const { t } = useTranslation("common");
  return (
    <Alert color="red" icon={<IconAlertTriangle size={18} />} title={error.message} role="alert">
      <Stack gap={6} align="flex-start">
        {error.expected && (
          <Text size="sm">
            {t("error.expected")} {error.expected}
          </Text>
        )}
        {error.received && (
          <Text size="sm" style={{ overflowWrap: "anywhere" }}>
            {t("error.received")} {error.received}
          </Text>
        )}
        {error.hint && <Text size="sm">{error.hint}</Text>}
        {children}
        {onRetry && (
          <Button size="xs" variant="default" onClick={onRetry}>
            {t("error.retry")}
          </Button>
        )}
      </Stack>
    </Alert>
  );
}
