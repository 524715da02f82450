import {
  Alert,
  Badge,
  FileButton,
  Group,
  Modal,
  SimpleGrid,
  Skeleton,
  Stack,
  Text,
  TextInput,
  UnstyledButton,
} from "@mantine/core";
import { IconFileImport, IconPlus, IconSearch } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { useCreateDesign, useTemplates } from "@/api/designs";
import { toApiError } from "@/api/errors";
import type { Template } from "@/api/types";
import { categoryStyle } from "@/catalog/categories";
import { formatCompact } from "@/lib/format";
import { ErrorView } from "@/ui/ErrorView";
import { Thumbnail } from "@/ui/Thumbnail";
import classes from "./designs.module.css";

interface Props {
  opened: boolean;
  onClose: () => void;
  onImport: (file: File) => void;
}

function matches(template: Template, query: string): boolean {
  const words = `${template.title} ${template.summary} ${template.category} ${template.dataset ?? ""}`;
  return words.toLowerCase().includes(query.trim().toLowerCase());
}

interface CardProps {
  template: Template;
  busy: boolean;
  onChoose: () => void;
}

function TemplateCard({ template, busy, onChoose }: CardProps) {
  const { t } = useTranslation("designs");
  return (
    <UnstyledButton
      className={classes.choice}
      disabled={busy}
      onClick={onChoose}
      data-testid={`template-${template.name}`}
    >
      <div className={classes.choicePicture}>
        <Thumbnail data={template.thumbnail} colorOf={(category) => categoryStyle(category).color} />
      </div>
      <Stack gap={4} p="sm">
        <Text fw={600} size="sm">
          {template.title}
        </Text>
        <Text size="xs" c="dimmed" lineClamp={2}>
          {template.summary}
        </Text>
        <Group gap={6} mt={2}>
          {template.parameters !== null && (
            <Badge size="sm" variant="default">
              {t("parameters", { number: formatCompact(template.parameters) })}
            </Badge>
          )}
          {template.dataset && (
            <Badge size="sm" variant="light">
              {t("gallery.trainsOn", { dataset: template.dataset })}
            </Badge>
          )}
        </Group>
      </Stack>
    </UnstyledButton>
  );
}

/** Where a design begins: a blank canvas, a file, or a template that trains at once. */
export function TemplateGallery({ opened, onClose, onImport }: Props) {
  const { t } = useTranslation("designs");
  const navigate = useNavigate();
  const templates = useTemplates(opened);
  const create = useCreateDesign();
  const [query, setQuery] = useState("");
  const found = useMemo(
    () => templates.data?.filter((template) => matches(template, query)),
    [templates.data, query],
  );
  const begin = (template?: string) =>
    create.mutate(template ? { template } : {}, {
      onSuccess: (design) => {
        onClose();
        void navigate(`/designs/${design.id}`);
      },
    });

  return (
    <Modal opened={opened} onClose={onClose} size={920} title={t("gallery.title")}>
      <Stack>
        {create.error && <ErrorView error={toApiError(create.error)} />}
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
          <UnstyledButton
            className={classes.choice}
            disabled={create.isPending}
            onClick={() => begin()}
            data-testid="template-blank"
            data-autofocus
          >
            <div className={classes.start}>
              <IconPlus size={26} stroke={1.5} />
              <div>
                <Text fw={600} size="sm">
                  {t("gallery.blank")}
                </Text>
                <Text size="xs" c="dimmed">
                  {t("gallery.blankText")}
                </Text>
              </div>
            </div>
          </UnstyledButton>
          <FileButton onChange={(file) => file && onImport(file)} accept=".keras,.json,application/json">
            {(props) => (
              <UnstyledButton {...props} className={classes.choice} data-testid="import-file">
                <div className={classes.start}>
                  <IconFileImport size={26} stroke={1.5} />
                  <div>
                    <Text fw={600} size="sm">
                      {t("gallery.import")}
                    </Text>
                    <Text size="xs" c="dimmed">
                      {t("gallery.importText")}
                    </Text>
                  </div>
                </div>
              </UnstyledButton>
            )}
          </FileButton>
        </SimpleGrid>
        <Group justify="space-between" mt={4}>
          <Text fw={600} size="sm">
            {t("gallery.templates")}
          </Text>
          <TextInput
            size="xs"
            w={220}
            leftSection={<IconSearch size={14} />}
            placeholder={t("gallery.search")}
            aria-label={t("gallery.search")}
            value={query}
            onChange={(event) => setQuery(event.currentTarget.value)}
          />
        </Group>
        {templates.error && (
          <ErrorView error={toApiError(templates.error)} onRetry={() => void templates.refetch()} />
        )}
        <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} spacing="sm">
          {templates.isPending &&
            ["a", "b", "c"].map((key) => <Skeleton key={key} height={196} radius="md" />)}
          {found?.map((template) => (
            <TemplateCard
              key={template.name}
              template={template}
              busy={create.isPending}
              onChoose={() => begin(template.name)}
            />
          ))}
        </SimpleGrid>
        {found?.length === 0 && <Alert color="gray">{t("gallery.none", { query })}</Alert>}
      </Stack>
    </Modal>
  );
}
