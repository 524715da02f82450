import { Button, Paper, Text, Title, UnstyledButton } from "@mantine/core";
import { IconArrowRight, IconLogin2, IconPlayerPlay, IconVectorSpline } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { addLayerInView } from "@/actions";
import { type DesignDetail, toApiError, useCreateDesign, useDeleteDesign, useTemplates } from "@/api";
import { useCanEdit, useDesignDocument } from "@/document";
import { formatCompact } from "@/lib/format";
import { notifyError } from "@/ui/notify";
import classes from "./editor.module.css";

const STEPS = [
  { key: "input", icon: IconLogin2 },
  { key: "connect", icon: IconVectorSpline },
  { key: "train", icon: IconPlayerPlay },
] as const;
const OFFERED = 4;

/** What an empty canvas shows: how a network is drawn, and networks to begin from. */
export function EmptyDesign({ design }: { design: DesignDetail }) {
  const { t } = useTranslation("document");
  const canEdit = useCanEdit();
  if (!canEdit) return <Text c="dimmed">{t("empty.viewer")}</Text>;
  return (
    <Paper className={classes.empty} withBorder shadow="sm" data-testid="empty-design">
      <Title order={2} fz={19} fw={640}>
        {t("empty.title")}
      </Title>
      <ol className={classes.steps}>
        {STEPS.map(({ key, icon: Icon }) => (
          <li key={key}>
            <span className={classes.stepIcon} aria-hidden>
              <Icon size={18} stroke={1.7} />
            </span>
            <span>
              <Text size="sm" fw={600}>
                {t(`empty.${key}`)}
              </Text>
              <Text size="xs" c="dimmed">
                {t(`empty.${key}Text`)}
              </Text>
            </span>
          </li>
        ))}
      </ol>
      <Button size="sm" onClick={() => addLayerInView("InputLayer")} data-testid="add-input">
        {t("empty.addInput")}
      </Button>
      <Templates design={design} />
    </Paper>
  );
}

function Templates({ design }: { design: DesignDetail }) {
  const { t } = useTranslation("document");
  const navigate = useNavigate();
  const open = useDesignDocument();
  const { data: templates } = useTemplates();
  const create = useCreateDesign();
  const remove = useDeleteDesign();
  if (!templates || templates.length === 0) return null;
  const first = [...templates].sort((a, b) => Number(Boolean(b.dataset)) - Number(Boolean(a.dataset)));

  const begin = (template: string) =>
    create.mutate(
      { template },
      {
        onSuccess: (made) => {
          // Nobody drew anything in this design: it only was the way to the template.
          const untouched = !open.history.canUndo() && open.snapshot.nodeIds.length === 0;
          if (untouched && design.role === "owner") remove.mutate(design.id);
          void navigate(`/designs/${made.id}`, { replace: true });
        },
        onError: (thrown) => notifyError(toApiError(thrown)),
      },
    );

  return (
    <div>
      <Text size="xs" c="dimmed" mb={6}>
        {t("empty.templates")}
      </Text>
      <div className={classes.templates}>
        {first.slice(0, OFFERED).map((template) => (
          <UnstyledButton
            key={template.name}
            className={classes.template}
            disabled={create.isPending}
            data-testid={`empty-template-${template.name}`}
            onClick={() => begin(template.name)}
          >
            <span>
              <Text size="sm" fw={550} lineClamp={1}>
                {template.title}
              </Text>
              <Text size="xs" c="dimmed">
                {template.parameters === null
                  ? template.category
                  : t("empty.parameters", { params: formatCompact(template.parameters) })}
              </Text>
            </span>
            <IconArrowRight size={15} aria-hidden />
          </UnstyledButton>
        ))}
      </div>
    </div>
  );
}
