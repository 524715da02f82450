import {
  ActionIcon,
  Button,
  Checkbox,
  Group,
  Menu,
  Stack,
  Text,
  TextInput,
  useComputedColorScheme,
} from "@mantine/core";
import { modals } from "@mantine/modals";
import { IconDots, IconPencil, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import { toApiError } from "@/api/errors";
import { useDeleteRun, useRenameRun } from "@/api/runs";
import type { Role, RunSummary } from "@/api/types";
import { formatAgo, formatMetric } from "@/lib/format";
import { notifyDone, notifyError } from "@/ui/notify";
import { StateChip } from "@/ui/StateChip";
import { useDatasetTitle } from "@/ui/useDatasetTitle";
import { runColor } from "./colors";
import classes from "./runs.module.css";
import { useRunName } from "./useRunName";

function lastNumber(run: RunSummary): string {
  const logs = run.logs ?? {};
  const name = ["val_accuracy", "accuracy", "val_loss", "loss"].find((key) => key in logs);
  return name ? `${name} ${formatMetric(logs[name])}` : "";
}

function RenameForm({ name, onRename }: { name: string; onRename: (name: string) => void }) {
  const { t } = useTranslation("runs");
  const [text, setText] = useState(name);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim()) onRename(text.trim());
      }}
    >
      <Stack>
        <TextInput
          label={t("nameLabel")}
          value={text}
          maxLength={200}
          onChange={(event) => setText(event.currentTarget.value)}
          data-autofocus
        />
        <Group justify="flex-end">
          <Button type="submit" disabled={!text.trim()}>
            {t("common:rename")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface RowProps {
  designId: string;
  run: RunSummary;
  place: number;
  current: boolean;
  shown: boolean;
  role: Role;
  onShow: (shown: boolean) => void;
}

function RunMenu({ designId, run, current }: Pick<RowProps, "designId" | "run" | "current">) {
  const { t } = useTranslation("runs");
  const navigate = useNavigate();
  const name = useRunName()(run);
  const rename = useRenameRun(designId);
  const remove = useDeleteRun(designId);
  const onError = (thrown: unknown) => notifyError(toApiError(thrown));
  const askName = () =>
    modals.open({
      title: t("renameTitle"),
      children: (
        <RenameForm
          name={name}
          onRename={(next) => {
            modals.closeAll();
            rename.mutate({ id: run.id, name: next }, { onError });
          }}
        />
      ),
    });
  const askDelete = () =>
    modals.openConfirmModal({
      title: t("deleteTitle", { name }),
      children: <Text size="sm">{t("deleteText")}</Text>,
      labels: { confirm: t("common:delete"), cancel: t("common:cancel") },
      confirmProps: { color: "red" },
      onConfirm: () =>
        remove.mutate(run.id, {
          onSuccess: () => {
            notifyDone(t("deleted", { name }));
            if (current) void navigate(`/designs/${designId}/runs`);
          },
          onError,
        }),
    });
  return (
    <Menu>
      <Menu.Target>
        <ActionIcon size="sm" aria-label={t("menu", { name })}>
          <IconDots size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconPencil size={16} />} onClick={askName}>
          {t("common:rename")}
        </Menu.Item>
        <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={askDelete}>
          {t("common:delete")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function RunRow({ designId, run, place, current, shown, role, onShow }: RowProps) {
  const { t } = useTranslation("runs");
  const name = useRunName()(run);
  const titleOf = useDatasetTitle();
  const color = runColor(place, useComputedColorScheme("light") === "dark");
  return (
    <div className={classes.runRow} data-current={current || undefined} data-testid={`run-${run.number}`}>
      <Checkbox
        size="xs"
        mt={3}
        color={color}
        checked={shown || current}
        aria-disabled={current}
        onChange={(event) => !current && onShow(event.currentTarget.checked)}
        aria-label={t("compare", { name })}
      />
      <Link
        to={{ pathname: `/designs/${designId}/runs/${run.id}` }}
        className={classes.runLink}
        aria-current={current ? "page" : undefined}
      >
        <Group gap={6} wrap="nowrap" justify="space-between">
          <Text size="sm" fw={600} truncate="end">
            {name}
          </Text>
          <StateChip state={run.state} size="xs" />
        </Group>
        <Text size="xs" c="dimmed" truncate="end">
          {titleOf(run.dataset)} · {formatAgo(run.created_at)}
        </Text>
        <Text size="xs" c="dimmed" truncate="end" mih={18}>
          {lastNumber(run)}
        </Text>
      </Link>
      {role !== "viewer" && <RunMenu designId={designId} run={run} current={current} />}
    </div>
  );
}

interface Props {
  designId: string;
  runs: RunSummary[];
  currentId: string | null;
  compared: string[];
  places: ReadonlyMap<string, number>;
  role: Role;
  onShow: (id: string, shown: boolean) => void;
}

/** Every run of the design, newest first; ticked ones are drawn into the same charts. */
export function RunList({ designId, runs, currentId, compared, places, role, onShow }: Props) {
  const { t } = useTranslation("runs");
  return (
    <nav aria-label={t("list")}>
      <Text fw={600} size="sm" px={8} pb={6}>
        {t("list")}
      </Text>
      <Stack gap={2}>
        {runs.map((run) => (
          <RunRow
            key={run.id}
            designId={designId}
            run={run}
            // A run that is drawn alone has the first colour.
            place={compared.length === 0 ? 0 : (places.get(run.id) ?? 0)}
            current={run.id === currentId}
            shown={compared.includes(run.id)}
            role={role}
            onShow={(shown) => onShow(run.id, shown)}
          />
        ))}
      </Stack>
    </nav>
  );
}
