import { Anchor, Button, Text } from "@mantine/core";
import { IconLinkOff } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { focusNode } from "@/actions";
import { useCanEdit, useCommands, useDocumentSelector } from "@/document";
import classes from "./inspector.module.css";

/** Which other calls share this layer's weights, and a way out of sharing. */
export function SharedLayer({ node, layerId }: { node: string; layerId: string }) {
  const { t } = useTranslation("inspector");
  const commands = useCommands();
  const canEdit = useCanEdit();
  const nodes = useDocumentSelector((content) => content.nodes);
  const others = Object.keys(nodes).filter((id) => id !== node && nodes[id]?.layer === layerId);
  if (others.length === 0) return null;

  return (
    <div className={classes.shared} data-testid="shared-layer">
      <Text size="xs" fw={600}>
        {t("shared.title", { count: others.length + 1 })}
      </Text>
      <Text size="xs" c="dimmed">
        {t("shared.text")}
      </Text>
      <div className={classes.sharedCalls}>
        {others.map((id, index) => (
          <Anchor key={id} component="button" type="button" size="xs" onClick={() => focusNode(id)}>
            {t("shared.call", { number: index + 1 })}
          </Anchor>
        ))}
        {canEdit && (
          <Button
            size="compact-xs"
            variant="default"
            leftSection={<IconLinkOff size={13} />}
            data-testid="make-independent"
            onClick={() => commands.makeIndependent(node)}
          >
            {t("shared.independent")}
          </Button>
        )}
      </div>
    </div>
  );
}
