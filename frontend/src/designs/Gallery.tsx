import { Button, Group, Select, Skeleton, Stack, Switch, Text, TextInput, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconMoodEmpty, IconSearch } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useTemplates } from "@/api/designs";
import { toApiError } from "@/api/errors";
import type { Template } from "@/api/types";
import { Empty } from "@/ui/Empty";
import { ErrorView } from "@/ui/ErrorView";
import classes from "./designs.module.css";
import { byGroup, type Filter, NO_FILTER, passing, SIZES, type Size } from "./gallery";
import { TemplateCard, useBegin } from "./TemplateCard";

/** Every ready design by its theme, to look through and to begin from. */
export function Gallery() {
  const { t } = useTranslation("designs");
  useDocumentTitle(`${t("gallery.page")} · ${t("common:product")}`);
  const templates = useTemplates();
  const [filter, setFilter] = useState(NO_FILTER);
  const groups = useMemo(() => byGroup(passing(templates.data ?? [], filter)), [templates.data, filter]);
  const begin = useBegin();
  return (
    <div className={classes.page}>
      <Title order={1} fz={26}>
        {t("gallery.page")}
      </Title>
      <Text c="dimmed" size="sm" mt={4} mb="md">
        {t("gallery.text", { count: templates.data?.length ?? 0 })}
      </Text>
      <Filters templates={templates.data ?? []} filter={filter} onChange={setFilter} />
      {templates.error ? (
        <ErrorView error={toApiError(templates.error)} onRetry={() => void templates.refetch()} />
      ) : templates.isPending ? (
        <div className={classes.grid} role="status" aria-label={t("common:loading")}>
          {["a", "b", "c", "d", "e", "f"].map((key) => (
            <Skeleton key={key} height={230} radius="md" />
          ))}
        </div>
      ) : groups.length === 0 ? (
        <Empty
          icon={<IconMoodEmpty size={40} stroke={1.2} />}
          title={t("gallery.nothing")}
          text={t("gallery.nothingText")}
        >
          <Button variant="default" onClick={() => setFilter(NO_FILTER)}>
            {t("gallery.clear")}
          </Button>
        </Empty>
      ) : (
        <Stack gap={32} mt="lg">
          {groups.map(([group, list]) => (
            <section key={group} aria-label={group}>
              <Group gap={8} mb="sm">
                <Title order={2} fz={16} className={classes.groupName}>
                  {group}
                </Title>
                <Text size="xs" c="dimmed">
                  {list.length}
                </Text>
              </Group>
              <div className={classes.grid}>
                {list.map((template) => (
                  <TemplateCard key={template.name} template={template} begin={begin} />
                ))}
              </div>
            </section>
          ))}
        </Stack>
      )}
    </div>
  );
}

interface FiltersProps {
  templates: readonly Template[];
  filter: Filter;
  onChange: (filter: Filter) => void;
}

function Filters({ templates, filter, onChange }: FiltersProps) {
  const { t } = useTranslation("designs");
  const groups = byGroup(templates).map(([group]) => group);
  return (
    <Group gap="sm" className={classes.filters}>
      <TextInput
        leftSection={<IconSearch size={15} />}
        placeholder={t("gallery.search")}
        aria-label={t("gallery.search")}
        value={filter.query}
        onChange={(event) => onChange({ ...filter, query: event.currentTarget.value })}
        w={{ base: "100%", xs: 320 }}
        data-testid="gallery-search"
      />
      <Select
        aria-label={t("gallery.group")}
        value={filter.group}
        data={[
          { value: "", label: t("gallery.allGroups") },
          ...groups.map((group) => ({ value: group, label: group })),
        ]}
        allowDeselect={false}
        onChange={(group) => onChange({ ...filter, group: group ?? "" })}
        w={{ base: "calc(50% - 6px)", xs: 190 }}
        data-testid="gallery-group"
      />
      <Select
        aria-label={t("gallery.sizeLabel")}
        value={filter.size}
        data={SIZES.map((value) => ({ value, label: t(`gallery.size.${value}`) }))}
        allowDeselect={false}
        onChange={(size) => onChange({ ...filter, size: (size ?? "any") as Size })}
        w={{ base: "calc(50% - 6px)", xs: 190 }}
      />
      <Switch
        size="sm"
        label={t("gallery.trainable")}
        checked={filter.trainable}
        onChange={(event) => onChange({ ...filter, trainable: event.currentTarget.checked })}
      />
    </Group>
  );
}
