import { Alert, Divider, Modal, Stack, Text } from "@mantine/core";
import { IconInfoCircle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { toApiError } from "@/api/errors";
import { useShares } from "@/api/team";
import type { Role } from "@/api/types";
import { ErrorView } from "@/ui/ErrorView";
import { LinkSection } from "./LinkSection";
import { PeopleSection } from "./PeopleSection";

interface Props {
  designId: string;
  designName: string;
  role: Role;
  opened: boolean;
  onClose: () => void;
}

/** Who has a design: people by name with their roles, and a link that only shows it. */
export function ShareDialog({ designId, designName, role, opened, onClose }: Props) {
  const { t } = useTranslation("team");
  const shares = useShares(designId, opened);
  const mayShare = role === "owner";
  return (
    <Modal opened={opened} onClose={onClose} size="lg" title={t("title", { name: designName })}>
      <Stack gap="md">
        {shares.error && <ErrorView error={toApiError(shares.error)} onRetry={() => void shares.refetch()} />}
        {!mayShare && (
          <Text size="sm" c="dimmed">
            {t("onlyOwner")}
          </Text>
        )}
        <PeopleSection designId={designId} people={shares.data?.people ?? []} mayShare={mayShare} />
        <Divider />
        <LinkSection designId={designId} links={shares.data?.links ?? []} mayShare={mayShare} />
        <Alert color="gray" variant="light" icon={<IconInfoCircle size={17} />} title={t("who.title")}>
          <Stack gap={2}>
            {(["viewer", "editor", "owner"] as const).map((word) => (
              <Text key={word} size="xs">
                {t(`who.${word}`)}
              </Text>
            ))}
          </Stack>
        </Alert>
      </Stack>
    </Modal>
  );
}
