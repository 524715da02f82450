import { ActionIcon, Avatar, Badge, Code, Group, Select, Stack, Text, Tooltip } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { toApiError } from "@/api/errors";
import { usePeople, useSession } from "@/api/session";
import { useShareWithPerson, useUnsharePerson } from "@/api/team";
import type { Role, Shares } from "@/api/types";
import { notifyDone, notifyError } from "@/ui/notify";

type Entry = Shares["people"][number];
/** What may be given; owning is not given away. */
type Given = Exclude<Role, "owner">;

interface RowProps {
  entry: Entry;
  isMe: boolean;
  mayShare: boolean;
  onRole: (role: Given) => void;
  onRemove: () => void;
}

function PersonRow({ entry, isMe, mayShare, onRole, onRemove }: RowProps) {
  const { t } = useTranslation("team");
  const { user, role } = entry;
  const fixed = !mayShare || role === "owner";
  return (
    <Group wrap="nowrap" gap="sm" data-testid={`share-person-${user.name}`}>
      <Avatar size={30} radius="xl" color="loom" name={user.name} />
      <Text size="sm" flex={1} truncate="end">
        {user.name}
        {isMe && ` (${t("you")})`}
      </Text>
      {fixed ? (
        <Badge variant="default">{t(`common:role.${role}`)}</Badge>
      ) : (
        <>
          <Select
            size="xs"
            w={112}
            aria-label={t("role", { name: user.name })}
            value={role}
            allowDeselect={false}
            data={(["viewer", "editor"] as const).map((value) => ({
              value,
              label: t(`common:role.${value}`),
            }))}
            onChange={(value) => value && onRole(value as Given)}
          />
          <Tooltip label={t("remove", { name: user.name })}>
            <ActionIcon aria-label={t("remove", { name: user.name })} onClick={onRemove}>
              <IconX size={16} />
            </ActionIcon>
          </Tooltip>
        </>
      )}
    </Group>
  );
}

interface Props {
  designId: string;
  people: Entry[];
  mayShare: boolean;
}

/** The people with their roles, and the way to add one. */
export function PeopleSection({ designId, people, mayShare }: Props) {
  const { t } = useTranslation("team");
  const session = useSession();
  const members = usePeople(mayShare);
  const share = useShareWithPerson(designId);
  const unshare = useUnsharePerson(designId);
  const onError = (thrown: unknown) => notifyError(toApiError(thrown));
  const me = session.data?.user?.id;
  const listed = new Set(people.map((entry) => entry.user.id));
  const left = (members.data ?? []).filter((member) => member.id !== me && !listed.has(member.id));
  const alone = members.data?.every((member) => member.id === me) ?? false;

  return (
    <Stack gap="sm" component="section" aria-label={t("people")}>
      <Text fw={600} size="sm">
        {t("people")}
      </Text>
      {people.map((entry) => (
        <PersonRow
          key={entry.user.id}
          entry={entry}
          isMe={entry.user.id === me}
          mayShare={mayShare}
          onRole={(role) => share.mutate({ user: entry.user.id, role }, { onError })}
          onRemove={() =>
            unshare.mutate(entry.user.id, {
              onSuccess: () => notifyDone(t("removed", { name: entry.user.name })),
              onError,
            })
          }
        />
      ))}
      {mayShare && !alone && (
        <Select
          searchable
          placeholder={t("addPlaceholder")}
          aria-label={t("add")}
          nothingFoundMessage={t("nobodyLeft")}
          data={left.map((member) => ({ value: member.id, label: member.name }))}
          value={null}
          onChange={(user) => user && share.mutate({ user, role: "editor" }, { onError })}
          data-testid="share-add"
        />
      )}
      {mayShare && alone && (
        <Text size="sm" c="dimmed">
          {t("alone")} <Code>{t("addCommand")}</Code>
        </Text>
      )}
    </Stack>
  );
}
