import { ActionIcon, Card, Group, Menu, Text, Tooltip } from "@mantine/core";
import { IconChartLine, IconCopy, IconDots, IconPencil, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { DesignSummary, LatestRun } from "@/api/types";
import { categoryStyle } from "@/catalog/categories";
import { formatAgo, formatCompact, formatCount } from "@/lib/format";
import { StateChip } from "@/ui/StateChip";
import { Thumbnail } from "@/ui/Thumbnail";
import classes from "./designs.module.css";
import { useDesignActions } from "./useDesignActions";

interface Props {
  design: DesignSummary;
  /** The newest run; nothing while it was never trained. */
  lastRun: LatestRun | undefined;
  foreign: boolean;
  /** The person holds a share link and has no designs of their own. */
  visitor: boolean;
}

function Size({ design }: { design: DesignSummary }) {
  const { t } = useTranslation("designs");
  const layers = t("nodes", { count: design.nodes });
  if (design.parameters === null) return layers;
  return (
    <Tooltip label={t("parameters", { number: formatCount(design.parameters) })}>
      <span>
        {layers} · {t("parameters", { number: formatCompact(design.parameters) })}
      </span>
    </Tooltip>
  );
}

/** A design in the list: its picture, its name, how large it is and how its last run went. */
export function DesignCard({ design, lastRun, foreign, visitor }: Props) {
  const { t } = useTranslation("designs");
  const actions = useDesignActions(design);
  return (
    <Card withBorder padding={0} className={classes.card} data-testid={`design-${design.name}`}>
      <div className={classes.picture}>
        {design.nodes === 0 && (
          <Text size="xs" c="dimmed" className={classes.blank}>
            {t("blank")}
          </Text>
        )}
        <Thumbnail data={design.thumbnail} colorOf={(category) => categoryStyle(category).color} />
        {lastRun && (
          <div className={classes.chip}>
            <StateChip state={lastRun.state} size="sm" />
          </div>
        )}
      </div>
      <Group gap="xs" px="md" py="sm" wrap="nowrap" align="flex-start">
        <div style={{ minWidth: 0, flex: 1 }}>
          <Link to={`/designs/${design.id}`} className={classes.link}>
            <Text fw={600} truncate="end">
              {design.name}
            </Text>
          </Link>
          <Text size="xs" c="dimmed" truncate="end">
            <Size design={design} />
          </Text>
          <Text size="xs" c="dimmed" truncate="end">
            {t("changed", { ago: formatAgo(design.updated_at) })}
            {foreign && ` · ${t("sharedBy", { name: design.owner.name })}`}
          </Text>
        </div>
        <Menu>
          <Menu.Target>
            <ActionIcon className={classes.more} aria-label={t("menu", { name: design.name })}>
              <IconDots size={18} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {design.role !== "viewer" && (
              <Menu.Item leftSection={<IconPencil size={16} />} onClick={actions.rename}>
                {t("common:rename")}
              </Menu.Item>
            )}
            {!visitor && (
              <Menu.Item leftSection={<IconCopy size={16} />} onClick={actions.duplicate}>
                {t("duplicate")}
              </Menu.Item>
            )}
            <Menu.Item
              leftSection={<IconChartLine size={16} />}
              component={Link}
              to={`/designs/${design.id}/runs`}
            >
              {t("runs")}
            </Menu.Item>
            {design.role === "owner" && (
              <>
                <Menu.Divider />
                <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={actions.remove}>
                  {t("common:delete")}
                </Menu.Item>
              </>
            )}
          </Menu.Dropdown>
        </Menu>
      </Group>
    </Card>
  );
}
