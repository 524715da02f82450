import { Anchor, Button, Text } from "@mantine/core";
import { IconLinkOff } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { focusNode } from "@/actions";
import { type JsonValue, useCanEdit, useCommands, useDesignDocument, useDocumentSelector } from "@/document";
import { newId } from "@/document/names";
import classes from "./inspector.module.css";

/** Which other calls share this layer's weights, and a way out of sharing. */
export function SharedLayer({ node, layerId }: { node: string; layerId: string }) {
  const { t } = useTranslation("inspector");
  const design = useDesignDocument();
  const commands = useCommands();
  const canEdit = useCanEdit();
  const nodes = useDocumentSelector((content) => content.nodes);
  const others = Object.keys(nodes).filter((id) => id !== node && nodes[id]?.layer === layerId);
  if (others.length === 0) return null;

  function makeIndependent() {
    const { layers } = design.snapshot.content;
    const layer = layers[layerId];
    if (!layer) return;
    const taken = new Set(Object.values(layers).map((other) => other.name));
    const copy = { ...layer, name: unusedName(layer.name, taken) };
    const id = newId();
    commands.applyEdits([
      { op: "set", path: ["layers", id], value: copy as unknown as JsonValue },
      { op: "set", path: ["nodes", node, "layer"], value: id },
    ]);
  }

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
            onClick={makeIndependent}
          >
            {t("shared.independent")}
          </Button>
        )}
      </div>
    </div>
  );
}

function unusedName(name: string, taken: ReadonlySet<string>): string {
  const stem = name.replace(/_\d+$/, "");
  let number = 1;
  while (taken.has(`${stem}_${number}`)) number += 1;
  return `${stem}_${number}`;
}
