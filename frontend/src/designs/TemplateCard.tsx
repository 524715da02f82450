import { Anchor, Badge, Group, Loader, Stack, Text, Tooltip, UnstyledButton } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { useCreateDesign } from "@/api/designs";
import { toApiError } from "@/api/errors";
import type { Template } from "@/api/types";
import { categoryStyle } from "@/catalog/categories";
import { formatCompact, formatCount } from "@/lib/format";
import { notifyError } from "@/ui/notify";
import { Thumbnail } from "@/ui/Thumbnail";
import classes from "./designs.module.css";

/** Make a design of a template (of none: a blank one) and open it. */
export function useBegin(onDone?: () => void) {
  const navigate = useNavigate();
  const create = useCreateDesign();
  const begin = (template?: string) =>
    create.mutate(template ? { template } : {}, {
      onSuccess: (design) => {
        onDone?.();
        void navigate(`/designs/${design.id}`);
      },
      onError: (thrown) => notifyError(toApiError(thrown)),
    });
  return {
    begin,
    busy: create.isPending,
    making: create.isPending ? (create.variables.template ?? "") : null,
  };
}

interface TemplateCardProps {
  template: Template;
  begin: ReturnType<typeof useBegin>;
}

/** A design of the gallery: its picture, what it is for, how large it is, and where it comes from. */
export function TemplateCard({ template, begin }: TemplateCardProps) {
  const { t } = useTranslation("designs");
  const { name, title, summary, parameters, dataset, data, reference, thumbnail } = template;
  return (
    <article className={classes.template} data-busy={begin.making === name || undefined}>
      <div className={classes.choicePicture}>
        <Thumbnail data={thumbnail} colorOf={(category) => categoryStyle(category).color} />
        {begin.making === name && <Loader size="sm" className={classes.making} />}
      </div>
      <Stack gap={4} p="sm" flex={1}>
        <UnstyledButton
          className={classes.templateName}
          disabled={begin.busy}
          onClick={() => begin.begin(name)}
          data-testid={`template-${name}`}
        >
          {title}
        </UnstyledButton>
        <Text size="xs" c="dimmed" lineClamp={3}>
          {summary}
        </Text>
        <Group gap={6} mt={2}>
          <Tooltip label={t("parameters", { number: formatCount(parameters) })}>
            <Badge size="sm" variant="default">
              {t("parameters", { number: formatCompact(parameters) })}
            </Badge>
          </Tooltip>
          {dataset && (
            <Badge size="sm" variant="light">
              {t("gallery.trainsOn", { dataset })}
            </Badge>
          )}
        </Group>
        {!dataset && data && (
          <Text size="xs" c="dimmed" lineClamp={2}>
            {t("gallery.fits", { data })}
          </Text>
        )}
        {reference.url && (
          <Anchor
            href={reference.url}
            target="_blank"
            rel="noreferrer"
            size="xs"
            mt="auto"
            pt={4}
            className={classes.reference}
          >
            {reference.text}
          </Anchor>
        )}
      </Stack>
    </article>
  );
}
