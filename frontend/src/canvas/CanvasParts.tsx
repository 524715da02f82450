import { ActionIcon, Button, Kbd, Loader, Menu, Paper, Tooltip } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { type ActionId, findAction, shortcutLabel, useActionContext, useEditorView } from "@/actions";
import classes from "./canvas.module.css";
import { Legend } from "./Legend";
import { setCanvasState, useCanvasState } from "./state";

const CONTROLS: ActionId[] = ["zoomOut", "zoomIn", "fit"];

export function CanvasControls() {
  const { t } = useTranslation("actions");
  const context = useActionContext();
  return (
    <div className={classes.controls}>
      {CONTROLS.map((id) => {
        const action = findAction(id);
        return (
          <Tooltip key={id} label={`${t(`${id}.title`)} ${shortcutLabel(action)}`}>
            <ActionIcon
              size={28}
              aria-label={t(`${id}.title`)}
              data-testid={id}
              onClick={() => action.run(context())}
            >
              <action.icon size={16} />
            </ActionIcon>
          </Tooltip>
        );
      })}
      <Legend />
    </div>
  );
}

const MENUS: Record<"pane" | "node" | "edge" | "block", (ActionId | "-")[]> = {
  pane: [
    "addLayer",
    "addDesign",
    "paste",
    "selectAll",
    "-",
    "find",
    "tidy",
    "fit",
    "collapseBlocks",
    "expandBlocks",
    "-",
    "pictureSvg",
    "picturePng",
  ],
  block: [
    "expandBlock",
    "group",
    "freeze",
    "unfreeze",
    "-",
    "copy",
    "duplicate",
    "zoomToSelection",
    "-",
    "delete",
  ],
  node: [
    "openModel",
    "connect",
    "insertSharedCall",
    "group",
    "unpack",
    "freeze",
    "unfreeze",
    "-",
    "cut",
    "copy",
    "paste",
    "duplicate",
    "-",
    "alignLeft",
    "alignCenter",
    "distributeY",
    "tidySelection",
    "collapseBlock",
    "zoomToSelection",
    "-",
    "delete",
  ],
  edge: ["delete"],
};

export function ContextMenu() {
  const { t } = useTranslation("actions");
  const request = useCanvasState((state) => state.menu);
  const context = useActionContext();
  if (!request) return null;
  const close = () => setCanvasState({ menu: null });
  const now = context();
  return (
    <Menu opened onClose={close} position="bottom-start" offset={2} width={280} returnFocus={false}>
      <Menu.Target>
        <div
          className={classes.anchor}
          style={{ position: "fixed", left: request.screen.x, top: request.screen.y }}
        />
      </Menu.Target>
      <Menu.Dropdown data-testid="context-menu">
        {MENUS[request.target].map((id, index) => {
          // biome-ignore lint/suspicious/noArrayIndexKey: a menu never changes its order
          if (id === "-") return <Menu.Divider key={index} />;
          const action = findAction(id);
          if (!action.enabled(now) && action.hidden) return null;
          return (
            <Menu.Item
              key={id}
              disabled={!action.enabled(now)}
              leftSection={<action.icon size={16} />}
              rightSection={action.shortcut ? <Kbd size="xs">{shortcutLabel(action)}</Kbd> : undefined}
              onClick={() => {
                close();
                action.run(context());
              }}
            >
              {t(`${id}.title`)}
            </Menu.Item>
          );
        })}
      </Menu.Dropdown>
    </Menu>
  );
}

export function TidyNotice() {
  const { t } = useTranslation("canvas");
  const tidying = useEditorView((view) => view.tidying);
  const canvas = useEditorView((view) => view.canvas);
  if (!tidying) return null;
  return (
    <Paper className={classes.tidying} shadow="md" withBorder data-testid="tidying">
      <Loader size={14} />
      {t("tidying")}
      <Button
        size="compact-xs"
        variant="light"
        data-testid="cancel-tidy"
        onClick={() => canvas?.cancelTidy()}
      >
        {t("cancel")}
      </Button>
    </Paper>
  );
}
