import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { modals } from "@mantine/modals";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useDeleteDesign, useDuplicateDesign, useRenameDesign, useUndeleteDesign } from "@/api/designs";
import { toApiError } from "@/api/errors";
import type { DesignSummary } from "@/api/types";
import { notifyDone, notifyError } from "@/ui/notify";

interface RenameProps {
  name: string;
  onRename: (name: string) => void;
}

function RenameForm({ name, onRename }: RenameProps) {
  const { t } = useTranslation("designs");
  const [text, setText] = useState(name);
  const empty = text.trim() === "";
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (!empty) onRename(text.trim());
      }}
    >
      <Stack>
        <TextInput
          label={t("name")}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          error={empty ? t("nameEmpty") : undefined}
          maxLength={200}
          data-autofocus
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={() => modals.closeAll()}>
            {t("common:cancel")}
          </Button>
          <Button type="submit" disabled={empty}>
            {t("common:rename")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** What may be done with a design from its card: rename, duplicate, delete with a way back. */
export function useDesignActions(design: DesignSummary) {
  const { t } = useTranslation("designs");
  const renaming = useRenameDesign();
  const duplicating = useDuplicateDesign();
  const deleting = useDeleteDesign();
  const bringingBack = useUndeleteDesign();
  const failed = (thrown: unknown) => notifyError(toApiError(thrown));

  const bringBack = (toast: string) => {
    notifications.hide(toast);
    bringingBack.mutate(design.id, {
      onSuccess: () => notifyDone(t("restored", { name: design.name })),
      onError: failed,
    });
  };

  const offerUndo = () => {
    const toast = `deleted-${design.id}`;
    notifications.show({
      id: toast,
      autoClose: 10_000,
      message: (
        <Group justify="space-between" wrap="nowrap">
          <Text size="sm" truncate="end">
            {t("deleted", { name: design.name })}
          </Text>
          <Button size="compact-sm" variant="light" onClick={() => bringBack(toast)}>
            {t("common:undo")}
          </Button>
        </Group>
      ),
    });
  };

  return {
    rename: () =>
      modals.open({
        title: t("renameTitle"),
        children: (
          <RenameForm
            name={design.name}
            onRename={(name) => {
              modals.closeAll();
              renaming.mutate({ id: design.id, name }, { onError: failed });
            }}
          />
        ),
      }),
    duplicate: () =>
      duplicating.mutate(design.id, {
        onSuccess: (copy) => notifyDone(t("duplicated", { name: copy.name })),
        onError: failed,
      }),
    remove: () =>
      modals.openConfirmModal({
        title: t("deleteTitle", { name: design.name }),
        children: <Text size="sm">{t("deleteText")}</Text>,
        labels: { confirm: t("common:delete"), cancel: t("common:cancel") },
        confirmProps: { color: "red" },
        onConfirm: () => deleting.mutate(design.id, { onSuccess: offerUndo, onError: failed }),
      }),
  };
}
