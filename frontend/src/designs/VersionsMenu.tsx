import {
  Badge,
  Button,
  Code,
  Drawer,
  Group,
  Modal,
  Paper,
  ScrollArea,
  Skeleton,
  Stack,
  Table,
  Text,
  TextInput,
} from "@mantine/core";
import { modals } from "@mantine/modals";
import { IconDownload, IconHistory } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useRestoreVersion, useSaveVersion, useVersionDocument, useVersions } from "@/api/designs";
import { toApiError } from "@/api/errors";
import type { Version } from "@/api/types";
import { saveText } from "@/lib/download";
import { formatMoment } from "@/lib/format";
import { ErrorView } from "@/ui/ErrorView";
import { notifyDone, notifyError } from "@/ui/notify";

interface Props {
  designId: string;
  canEdit: boolean;
  /** Called after a restore, when the open document is an older epoch. */
  onRestored?: () => void;
}

function SaveForm({ designId }: { designId: string }) {
  const { t } = useTranslation("designs");
  const [name, setName] = useState("");
  const save = useSaveVersion(designId);
  const submit = () =>
    save.mutate(name.trim(), {
      onSuccess: (version) => {
        setName("");
        notifyDone(t("versions.saved", { number: version.number }));
      },
      onError: (thrown) => notifyError(toApiError(thrown)),
    });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim()) submit();
      }}
    >
      <Group align="flex-end" wrap="nowrap" gap="xs">
        <TextInput
          flex={1}
          label={t("versions.saveLabel")}
          placeholder={t("versions.savePlaceholder")}
          value={name}
          maxLength={200}
          onChange={(event) => setName(event.currentTarget.value)}
          data-testid="version-name"
        />
        <Button type="submit" disabled={!name.trim()} loading={save.isPending} data-testid="version-save">
          {t("versions.save")}
        </Button>
      </Group>
    </form>
  );
}

function VersionView({
  designId,
  version,
  onClose,
}: {
  designId: string;
  version: Version | null;
  onClose: () => void;
}) {
  const { t } = useTranslation("designs");
  const { data, error } = useVersionDocument(designId, version?.id ?? null);
  return (
    <Modal
      opened={version !== null}
      onClose={onClose}
      size="xl"
      title={version && t("versions.viewTitle", { number: version.number, name: version.name })}
    >
      {error && <ErrorView error={toApiError(error)} />}
      {!data && !error && <Skeleton height={240} />}
      {data && (
        <Stack>
          <ScrollArea.Autosize mah={420} type="auto">
            <Table fz="sm" stickyHeader>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{t("versions.layerName")}</Table.Th>
                  <Table.Th>{t("versions.layerClass")}</Table.Th>
                  <Table.Th>{t("versions.layerParams")}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {Object.entries(data.layers).map(([id, layer]) => (
                  <Table.Tr key={id}>
                    <Table.Td>{layer.name}</Table.Td>
                    <Table.Td>{layer.class_name}</Table.Td>
                    <Table.Td>
                      {Object.entries(layer.params).map(([param, value]) => (
                        <Code key={param} mr={4}>
                          {param}={JSON.stringify(value)}
                        </Code>
                      ))}
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </ScrollArea.Autosize>
          <Text size="sm" fw={600}>
            {t("versions.training")}
          </Text>
          <ScrollArea.Autosize mah={200} type="auto">
            <Code block>{JSON.stringify(data.training, null, 2)}</Code>
          </ScrollArea.Autosize>
          <Group justify="flex-end">
            <Button
              variant="default"
              leftSection={<IconDownload size={16} />}
              onClick={() =>
                saveText(
                  `${data.meta.name} v${version?.number}.json`,
                  JSON.stringify(data, null, 2),
                  "application/json",
                )
              }
            >
              {t("versions.download")}
            </Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}

interface RowProps {
  version: Version;
  canEdit: boolean;
  onView: () => void;
  onRestore: () => void;
}

function VersionRow({ version, canEdit, onView, onRestore }: RowProps) {
  const { t } = useTranslation("designs");
  return (
    <Paper withBorder p="sm" data-testid={`version-${version.number}`}>
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <div style={{ minWidth: 0 }}>
          <Group gap={8} wrap="nowrap">
            <Badge variant="default" size="sm" style={{ flex: "none" }}>
              {version.number}
            </Badge>
            <Text size="sm" fw={600} truncate="end">
              {version.name || t("versions.number", { number: version.number })}
            </Text>
          </Group>
          <Text size="xs" c="dimmed" mt={3}>
            {t("versions.by", {
              name: version.created_by?.name ?? t("common:product"),
              when: formatMoment(version.created_at),
            })}
          </Text>
        </div>
        <Group gap={4} wrap="nowrap">
          <Button size="compact-sm" variant="subtle" onClick={onView}>
            {t("versions.view")}
          </Button>
          {canEdit && (
            <Button size="compact-sm" variant="default" onClick={onRestore}>
              {t("versions.restore")}
            </Button>
          )}
        </Group>
      </Group>
    </Paper>
  );
}

/** The versions of a design: save one, look at one, go back to one. */
export function VersionsMenu({ designId, canEdit, onRestored }: Props) {
  const { t } = useTranslation("designs");
  const [opened, setOpened] = useState(false);
  const [viewed, setViewed] = useState<Version | null>(null);
  const versions = useVersions(designId, opened);
  const restore = useRestoreVersion(designId);

  const askRestore = (version: Version) =>
    modals.openConfirmModal({
      title: t("versions.restoreTitle", { number: version.number }),
      children: <Text size="sm">{t("versions.restoreText", { number: version.number })}</Text>,
      labels: { confirm: t("versions.restore"), cancel: t("common:cancel") },
      onConfirm: () =>
        restore.mutate(version.id, {
          onSuccess: () => {
            setOpened(false);
            notifyDone(t("versions.restored", { number: version.number }));
            onRestored?.();
          },
          onError: (thrown) => notifyError(toApiError(thrown)),
        }),
    });

  return (
    <>
      <Button
        variant="default"
        size="xs"
        leftSection={<IconHistory size={15} />}
        onClick={() => setOpened(true)}
        data-testid="versions-open"
      >
        {t("versions.button")}
      </Button>
      <Drawer opened={opened} onClose={() => setOpened(false)} position="right" title={t("versions.title")}>
        <Stack>
          <Text size="sm" c="dimmed">
            {t("versions.text")}
          </Text>
          {canEdit && <SaveForm designId={designId} />}
          {versions.error && (
            <ErrorView error={toApiError(versions.error)} onRetry={() => void versions.refetch()} />
          )}
          {versions.isPending && <Skeleton height={64} />}
          {versions.data?.length === 0 && (
            <Text size="sm" c="dimmed">
              {t("versions.none")}
            </Text>
          )}
          {versions.data?.map((version) => (
            <VersionRow
              key={version.id}
              version={version}
              canEdit={canEdit}
              onView={() => setViewed(version)}
              onRestore={() => askRestore(version)}
            />
          ))}
        </Stack>
      </Drawer>
      <VersionView designId={designId} version={viewed} onClose={() => setViewed(null)} />
    </>
  );
}
