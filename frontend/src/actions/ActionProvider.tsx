import { Spotlight, spotlight } from "@mantine/spotlight";
import { IconSearch } from "@tabler/icons-react";
import { type ReactNode, useCallback, useEffect, useReducer, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useDesignDocument } from "@/document";
import { onCopy, onPaste } from "./clipboard";
import { type ActionContext, ActionContextSource, type ActionHost } from "./context";
import { useEditorView } from "./editorView";
import { actionFor, isTyping, shortcutLabel } from "./keys";
import { shownGraph } from "./openGraph";
import { ACTIONS } from "./registry";
import { ShortcutSheet } from "./ShortcutSheet";
import { getSelection } from "./selection";

interface ActionProviderProps {
  host: ActionHost;
  children: ReactNode;
}

/** Gives actions to everything below, listens to their keys, and holds the command palette and the sheet of keys. */
export function ActionProvider({ host, children }: ActionProviderProps) {
  const design = useDesignDocument();
  const hostNow = useRef(host);
  hostNow.current = host;
  const context = useCallback(
    (): ActionContext => ({
      design,
      selection: getSelection(),
      graph: shownGraph(design.snapshot.content),
      canvas: useEditorView.getState().canvas,
      host: hostNow.current,
    }),
    [design],
  );
  useKeys(context);
  return (
    <ActionContextSource value={context}>
      {children}
      <CommandPalette context={context} />
      <ShortcutSheet />
    </ActionContextSource>
  );
}

function useKeys(context: () => ActionContext): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented) return;
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        spotlight.toggle();
        return;
      }
      if (isTyping(event.target)) return;
      const action = actionFor(event);
      if (!action?.enabled(context())) return;
      event.preventDefault();
      action.run(context());
    };
    const copy = (event: ClipboardEvent) => {
      if (isTyping(event.target) || !document.getSelection()?.isCollapsed) return;
      if (event.type === "cut" && !canEdit(context())) return;
      onCopy(event, context());
    };
    const paste = (event: ClipboardEvent) => {
      if (!isTyping(event.target) && canEdit(context())) onPaste(event, context());
    };
    document.addEventListener("keydown", onKeyDown);
    document.addEventListener("copy", copy);
    document.addEventListener("cut", copy);
    document.addEventListener("paste", paste);
    return () => {
      document.removeEventListener("keydown", onKeyDown);
      document.removeEventListener("copy", copy);
      document.removeEventListener("cut", copy);
      document.removeEventListener("paste", paste);
    };
  }, [context]);
}

function canEdit({ design }: ActionContext): boolean {
  return design.status.canEdit;
}

function CommandPalette({ context }: { context: () => ActionContext }) {
  const { t } = useTranslation("actions");
  // What is enabled is asked when the palette opens: much changes without a rendering here.
  const [, ask] = useReducer((times: number) => times + 1, 0);
  const now = context();
  const actions = ACTIONS.filter((action) => action.enabled(now)).map((action) => ({
    id: action.id,
    label: t(`${action.id}.title`),
    description: t(`${action.id}.help`, { defaultValue: "" }) || undefined,
    leftSection: <action.icon size={18} />,
    rightSection: shortcutLabel(action),
    onClick: () => action.run(context()),
  }));
  return (
    <Spotlight
      actions={actions}
      shortcut={null}
      onSpotlightOpen={ask}
      nothingFound={t("nothingFound")}
      highlightQuery
      scrollable
      maxHeight={420}
      searchProps={{
        leftSection: <IconSearch size={18} />,
        placeholder: t("search"),
        "aria-label": t("search"),
      }}
    />
  );
}
