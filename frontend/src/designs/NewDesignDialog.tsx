import {
  Anchor,
  FileButton,
  Group,
  Modal,
  SimpleGrid,
  Skeleton,
  Stack,
  Text,
  UnstyledButton,
} from "@mantine/core";
import { IconFileImport, IconPlus } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useTemplates } from "@/api/designs";
import { toApiError } from "@/api/errors";
import { ErrorView } from "@/ui/ErrorView";
import classes from "./designs.module.css";
import { IMPORT_TYPES } from "./importTypes";
import { TemplateCard, useBegin } from "./TemplateCard";

const OFFERED = 6;

interface NewDesignDialogProps {
  opened: boolean;
  onClose: () => void;
  onImport: (file: File) => void;
}

/** Where a design begins: a blank canvas, a file, or a design of the gallery. */
export function NewDesignDialog({ opened, onClose, onImport }: NewDesignDialogProps) {
  const { t } = useTranslation("designs");
  const templates = useTemplates(opened);
  const begin = useBegin(onClose);
  const first = [...(templates.data ?? [])].sort(
    (a, b) => Number(b.dataset !== null) - Number(a.dataset !== null),
  );
  return (
    <Modal opened={opened} onClose={onClose} size={920} title={t("gallery.title")}>
      <Stack>
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
          <UnstyledButton
            className={classes.choice}
            disabled={begin.busy}
            onClick={() => begin.begin()}
            data-testid="template-blank"
            data-autofocus
          >
            <div className={classes.start}>
              <IconPlus size={26} stroke={1.5} style={{ flex: "none" }} />
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
          <FileButton onChange={(file) => file && onImport(file)} accept={IMPORT_TYPES.join(",")}>
            {(props) => (
              <UnstyledButton {...props} className={classes.choice} data-testid="import-file">
                <div className={classes.start}>
                  <IconFileImport size={26} stroke={1.5} style={{ flex: "none" }} />
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
          <Anchor component={Link} to="/gallery" size="sm" onClick={onClose} data-testid="open-gallery">
            {t("gallery.more", { count: templates.data?.length ?? 0 })}
          </Anchor>
        </Group>
        {templates.error && (
          <ErrorView error={toApiError(templates.error)} onRetry={() => void templates.refetch()} />
        )}
        <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} spacing="sm">
          {templates.isPending &&
            ["a", "b", "c"].map((key) => <Skeleton key={key} height={196} radius="md" />)}
          {first.slice(0, OFFERED).map((template) => (
            <TemplateCard key={template.name} template={template} begin={begin} />
          ))}
        </SimpleGrid>
      </Stack>
    </Modal>
  );
}
