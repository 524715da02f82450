import { Button, CopyButton, Group, Stack, Text, TextInput } from "@mantine/core";
import { modals } from "@mantine/modals";
import { IconCheck, IconCopy, IconLink } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { toApiError } from "@/api/errors";
import { useCreateLink, useRevokeLink } from "@/api/team";
import type { ShareLink } from "@/api/types";
import { formatMoment } from "@/lib/format";
import { notifyDone, notifyError } from "@/ui/notify";

function NewLink({ url }: { url: string }) {
  const { t } = useTranslation("team");
  return (
    <Stack gap={4}>
      <Group wrap="nowrap" gap="xs">
        <TextInput
          flex={1}
          readOnly
          value={url}
          aria-label={t("link")}
          onFocus={(event) => event.currentTarget.select()}
          data-testid="share-link-url"
        />
        <CopyButton value={url}>
          {({ copied, copy }) => (
            <Button
              variant={copied ? "light" : "filled"}
              onClick={copy}
              leftSection={copied ? <IconCheck size={15} /> : <IconCopy size={15} />}
            >
              {t(copied ? "common:copied" : "linkCopy")}
            </Button>
          )}
        </CopyButton>
      </Group>
      <Text size="xs" c="dimmed">
        {t("linkOnce")}
      </Text>
    </Stack>
  );
}

interface Props {
  designId: string;
  links: ShareLink[];
  mayShare: boolean;
}

/** View-only links: make one, copy it once, revoke it at any time. */
export function LinkSection({ designId, links, mayShare }: Props) {
  const { t } = useTranslation("team");
  const create = useCreateLink(designId);
  const revoke = useRevokeLink(designId);
  const onError = (thrown: unknown) => notifyError(toApiError(thrown));
  const live = links.filter((link) => link.revoked_at === null);
  const fresh = create.data && live.some((link) => link.id === create.data.link.id) ? create.data : null;

  const askRevoke = (link: ShareLink) =>
    modals.openConfirmModal({
      title: t("revokeTitle"),
      children: <Text size="sm">{t("revokeText")}</Text>,
      labels: { confirm: t("linkRevoke"), cancel: t("common:cancel") },
      confirmProps: { color: "red" },
      zIndex: 400,
      onConfirm: () => revoke.mutate(link.id, { onSuccess: () => notifyDone(t("linkRevoked")), onError }),
    });

  return (
    <Stack gap="sm" component="section" aria-label={t("link")}>
      <div>
        <Text fw={600} size="sm">
          {t("link")}
        </Text>
        <Text size="xs" c="dimmed">
          {t("linkText")}
        </Text>
      </div>
      {fresh && <NewLink url={fresh.url} />}
      {live.map((link) => (
        <Group key={link.id} justify="space-between" wrap="nowrap" gap="xs">
          <Group gap={8} wrap="nowrap" miw={0}>
            <IconLink size={16} stroke={1.7} />
            <Text size="sm" truncate="end">
              {t("linkMade", { when: formatMoment(link.created_at) })}
              {link.created_by && ` ${t("linkBy", { name: link.created_by.name })}`}
            </Text>
          </Group>
          {mayShare && (
            <Button
              size="compact-sm"
              variant="subtle"
              color="red"
              onClick={() => askRevoke(link)}
              style={{ flex: "none" }}
              data-testid="share-link-revoke"
            >
              {t("linkRevoke")}
            </Button>
          )}
        </Group>
      ))}
      {live.length === 0 && (
        <Text size="sm" c="dimmed">
          {t("noLinks")}
        </Text>
      )}
      {mayShare && (
        <Group>
          <Button
            variant="default"
            leftSection={<IconLink size={15} />}
            loading={create.isPending}
            onClick={() => create.mutate(undefined, { onError })}
            data-testid="share-link-create"
          >
            {t("linkCreate")}
          </Button>
        </Group>
      )}
    </Stack>
  );
}
