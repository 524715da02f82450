import { Box, Group, Kbd, Modal, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useEditorView } from "./editorView";
import { shortcutKeys } from "./keys";
import { ACTIONS, type ActionGroup } from "./registry";

const GROUPS: ActionGroup[] = ["edit", "build", "arrange", "view"];
/** Keys of the canvas itself, which are no actions. */
const CANVAS_KEYS = {
  walk: ["Tab"],
  direction: ["Alt", "←↑→↓"],
  nudge: ["←↑→↓"],
  open: ["Enter"],
  box: ["Shift", "drag"],
  palette: ["mod", "K"],
} as const;

export function ShortcutSheet() {
  const { t } = useTranslation("actions");
  const opened = useEditorView((view) => view.shortcutsOpen);
  return (
    <Modal
      opened={opened}
      onClose={() => useEditorView.setState({ shortcutsOpen: false })}
      title={<Text fw={620}>{t("sheet.title")}</Text>}
      size="lg"
      data-testid="shortcuts-sheet"
    >
      <Box style={{ columns: "260px 2", columnGap: 32 }}>
        {GROUPS.map((group) => (
          <Section key={group} title={t(`section.${group}`)}>
            {ACTIONS.filter((action) => action.group === group && action.shortcut).map((action) => (
              <Row
                key={action.id}
                title={t(`${action.id}.title`)}
                keys={shortcutKeys(action.shortcut ?? "")}
              />
            ))}
          </Section>
        ))}
        <Section title={t("section.canvas")}>
          {Object.entries(CANVAS_KEYS).map(([key, keys]) => (
            <Row
              key={key}
              title={t(`sheet.${key}`)}
              keys={keys.map((part) => (part === "mod" ? (shortcutKeys(part)[0] ?? part) : part))}
            />
          ))}
        </Section>
      </Box>
    </Modal>
  );
}

function Section({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <Stack gap={6} mb="lg" component="section" style={{ breakInside: "avoid" }}>
      <Text size="xs" fw={600} c="dimmed" component="h3" m={0}>
        {title}
      </Text>
      {children}
    </Stack>
  );
}

function Row({ title, keys }: { title: string; keys: readonly string[] }) {
  return (
    <Group justify="space-between" wrap="nowrap" gap="md">
      <Text size="sm">{title}</Text>
      <Group gap={4} wrap="nowrap">
        {keys.map((key) => (
          <Kbd key={key} size="xs">
            {key}
          </Kbd>
        ))}
      </Group>
    </Group>
  );
}
