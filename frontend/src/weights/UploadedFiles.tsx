import { ActionIcon, Button, List, Modal, Table, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { modals } from "@mantine/modals";
import { IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { toApiError } from "@/api/errors";
import type { WeightsFile } from "@/api/types";
import { useDeleteWeights, useWeightsFiles, useWeightsUsers } from "@/api/weights";
import { formatBytes } from "@/lib/format";
import { notifyDone, notifyError } from "@/ui/notify";

/** The weights files and word vectors of the workspace, each with a way to delete it. */
export function UploadedFiles() {
  const { t } = useTranslation("weights");
  const files = useWeightsFiles();
  const [opened, list] = useDisclosure(false);
  if (!files.data || files.data.length === 0) return null;
  return (
    <>
      <Button mt={4} size="compact-xs" variant="subtle" data-testid="weights-files" onClick={list.open}>
        {t("files.show", { count: files.data.length })}
      </Button>
      <Modal opened={opened} onClose={list.close} title={t("files.title")} size="lg">
        <Table verticalSpacing="xs">
          <Table.Tbody>
            {files.data.map((file) => (
              <Row key={file.id} file={file} />
            ))}
          </Table.Tbody>
        </Table>
      </Modal>
    </>
  );
}

function Row({ file }: { file: WeightsFile }) {
  const { t } = useTranslation("weights");
  const remove = useDeleteWeights();
  const ask = () =>
    modals.openConfirmModal({
      title: t("files.deleteTitle", { name: file.filename }),
      children: <Users file={file.id} />,
      labels: { confirm: t("common:delete"), cancel: t("common:cancel") },
      confirmProps: { color: "red", ...{ "data-testid": "confirm-delete-weights" } },
      onConfirm: () =>
        remove.mutate(file.id, {
          onSuccess: () => notifyDone(t("files.deleted", { name: file.filename })),
          onError: (thrown) => notifyError(toApiError(thrown)),
        }),
    });
  return (
    <Table.Tr>
      <Table.Td style={{ overflowWrap: "anywhere" }}>
        <Text size="sm">{file.filename}</Text>
        <Text size="xs" c="dimmed">
          {[formatBytes(file.bytes), file.created_by?.name].filter(Boolean).join(" · ")}
        </Text>
      </Table.Td>
      <Table.Td w={40}>
        <ActionIcon
          variant="subtle"
          color="red"
          loading={remove.isPending}
          aria-label={t("files.delete", { name: file.filename })}
          onClick={ask}
        >
          <IconTrash size={15} />
        </ActionIcon>
      </Table.Td>
    </Table.Tr>
  );
}

/** Which designs would be left without their weights. */
function Users({ file }: { file: string }) {
  const { t } = useTranslation("weights");
  const users = useWeightsUsers(file);
  if (!users.data) return <Text size="sm">{t("files.looking")}</Text>;
  if (users.data.length === 0) return <Text size="sm">{t("files.unused")}</Text>;
  return (
    <>
      <Text size="sm">{t("files.used", { count: users.data.length })}</Text>
      <List size="sm" mt={4}>
        {users.data.map((design) => (
          <List.Item key={design.id}>{design.name}</List.Item>
        ))}
      </List>
    </>
  );
}
