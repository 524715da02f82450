import { Button, Group, Select, Skeleton, Stack, Text, TextInput, Title } from "@mantine/core";
import { Dropzone } from "@mantine/dropzone";
import { useDocumentTitle, useLocalStorage } from "@mantine/hooks";
import { IconFileImport, IconPlus, IconSearch, IconTopologyStar3 } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useDesigns } from "@/api/designs";
import { toApiError } from "@/api/errors";
import { useLatestRuns } from "@/api/runs";
import { useIsVisitor, useSession } from "@/api/session";
import type { DesignSummary, LatestRun } from "@/api/types";
import { Empty } from "@/ui/Empty";
import { ErrorView } from "@/ui/ErrorView";
import { DesignCard } from "./DesignCard";
import classes from "./designs.module.css";
import { ImportDialog } from "./ImportDialog";
import { NewDesignDialog } from "./NewDesignDialog";
import { arrange, ORDERS, type Order } from "./order";

interface SectionProps {
  title: string;
  designs: DesignSummary[];
  runs: ReadonlyMap<string, LatestRun>;
  foreign: boolean;
  visitor: boolean;
}

function Section({ title, designs, runs, foreign, visitor }: SectionProps) {
  if (designs.length === 0) return null;
  return (
    <Stack gap="sm" component="section" aria-label={title}>
      <Text fw={600} size="sm" c="dimmed">
        {title}
      </Text>
      <div className={classes.grid}>
        {designs.map((design) => (
          <DesignCard
            key={design.id}
            design={design}
            lastRun={runs.get(design.id)}
            foreign={foreign}
            visitor={visitor}
          />
        ))}
      </div>
    </Stack>
  );
}

/** Every design that one may see, with the ways to begin another. */
export function DesignList() {
  const { t } = useTranslation("designs");
  useDocumentTitle(`${t("title")} · ${t("common:product")}`);
  const session = useSession();
  const designs = useDesigns();
  const latest = useLatestRuns();
  const [query, setQuery] = useState("");
  const [order, setOrder] = useLocalStorage<Order>({
    key: "layerloom.designs.order",
    defaultValue: "updated",
  });
  const [choosing, setChoosing] = useState(false);
  const [file, setFile] = useState<File | null>(null);
  const me = session.data?.user?.id;
  const visitor = useIsVisitor();
  const runs = useMemo(() => new Map(latest.data?.map((run) => [run.design_id, run])), [latest.data]);
  const found = useMemo(() => arrange(designs.data ?? [], query, order), [designs.data, query, order]);

  const begin = (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setChoosing(true)} data-testid="new-design">
      {t("new")}
    </Button>
  );
  const importFile = (chosen: File) => {
    setChoosing(false);
    setFile(chosen);
  };

  return (
    <div className={classes.page}>
      <Group justify="space-between" mb="lg" gap="sm">
        <Title order={1} fz={26}>
          {t("title")}
        </Title>
        <Group gap="xs">
          <TextInput
            leftSection={<IconSearch size={15} />}
            placeholder={t("search")}
            aria-label={t("search")}
            value={query}
            onChange={(event) => setQuery(event.currentTarget.value)}
            w={{ base: "100%", xs: 220 }}
          />
          <Select
            w={160}
            aria-label={t("sort.label")}
            value={order}
            onChange={(value) => value && setOrder(value as Order)}
            data={ORDERS.map((value) => ({ value, label: t(`sort.${value}`) }))}
            allowDeselect={false}
          />
          {!visitor && begin}
        </Group>
      </Group>

      {designs.error && !designs.data ? (
        <ErrorView error={toApiError(designs.error)} onRetry={() => void designs.refetch()} />
      ) : designs.isPending ? (
        <div className={classes.grid} role="status" aria-label={t("common:loading")}>
          {["a", "b", "c", "d"].map((key) => (
            <Skeleton key={key} height={216} radius="md" />
          ))}
        </div>
      ) : designs.data.length === 0 ? (
        <Empty
          icon={<IconTopologyStar3 size={44} stroke={1.2} />}
          title={t("emptyTitle")}
          text={t("emptyText")}
        >
          <Button size="md" leftSection={<IconPlus size={18} />} onClick={() => setChoosing(true)}>
            {t("new")}
          </Button>
        </Empty>
      ) : found.length === 0 ? (
        <Empty title={t("nothingFound")} text={t("nothingFoundText", { query })} />
      ) : (
        <Stack gap={36}>
          <Section
            title={t("own")}
            designs={found.filter((d) => d.owner.id === me)}
            runs={runs}
            foreign={false}
            visitor={false}
          />
          <Section
            title={t("shared")}
            designs={found.filter((d) => d.owner.id !== me)}
            runs={runs}
            foreign
            visitor={visitor}
          />
        </Stack>
      )}

      <NewDesignDialog opened={choosing} onClose={() => setChoosing(false)} onImport={importFile} />
      <ImportDialog file={file} onClose={() => setFile(null)} />
      <Dropzone.FullScreen
        active={file === null && !visitor}
        multiple={false}
        inputProps={{ "aria-label": t("dropTitle") }}
        onDrop={([dropped]) => dropped && importFile(dropped)}
      >
        <Stack align="center" justify="center" mih={260} gap={6} style={{ pointerEvents: "none" }}>
          <IconFileImport size={44} stroke={1.2} />
          <Text fw={600} fz="lg">
            {t("dropTitle")}
          </Text>
          <Text c="dimmed" size="sm">
            {t("dropText")}
          </Text>
        </Stack>
      </Dropzone.FullScreen>
    </div>
  );
}
