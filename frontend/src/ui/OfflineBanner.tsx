import { Group, Text } from "@mantine/core";
import { useNetwork } from "@mantine/hooks";
import { IconWifiOff } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

/** Says that the browser has no network, and what that means for the work at hand. */
export function OfflineBanner() {
  const { t } = useTranslation("common");
  const { online } = useNetwork();
  if (online) return null;
  return (
    <Group role="status" gap="xs" px="md" py={6} bg="yellow.2" c="black" justify="center" wrap="nowrap">
      <IconWifiOff size={16} />
      <Text size="sm">{t("offline")}</Text>
    </Group>
  );
}
