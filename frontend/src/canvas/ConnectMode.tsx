import { Group, Kbd, Paper, Text, TextInput } from "@mantine/core";
import { type KeyboardEvent, useEffect, useId, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { layerTitle } from "@/catalog";
import { type EdgeEnds, edgeKey, useDesignDocument } from "@/document";
import { canConnect, portsOf } from "@/graph/connections";
import type { CanvasControl } from "./CanvasControl";
import classes from "./canvas.module.css";
import { announce, setCanvasState, useCanvasState } from "./state";
import { readingOrder } from "./useCanvasKeys";

interface Choice {
  ends: EdgeEnds;
  title: string;
  detail: string;
}

/** Draw a wire by keyboard: type or use the arrows to choose where it ends, Enter connects. */
export function ConnectMode({ control }: { control: CanvasControl }) {
  const from = useCanvasState((state) => state.connectFrom);
  return from ? <Chooser key={from} from={from} control={control} /> : null;
}

function Chooser({ from, control }: { from: string; control: CanvasControl }) {
  const { t } = useTranslation("canvas");
  const design = useDesignDocument();
  const id = useId();
  const [query, setQuery] = useState("");
  const [active, setActive] = useState(0);
  const all = useMemo(() => choices(from, control, design.snapshot.content), [from, control, design]);
  const words = query.trim().toLowerCase();
  const shown = all.filter(({ title, detail }) => `${title} ${detail}`.toLowerCase().includes(words));
  const chosen = shown[Math.min(active, shown.length - 1)];

  useEffect(() => {
    setCanvasState({ connectChoice: chosen?.ends.target ?? null });
    if (chosen) control.reveal(chosen.ends.target);
    announce(
      chosen ? t("connect.choice", { layer: chosen.title, detail: chosen.detail }) : t("connect.none"),
    );
    document.getElementById(`${id}-${active}`)?.scrollIntoView({ block: "nearest" });
  }, [chosen, control, t, id, active]);

  const close = () => {
    setCanvasState({ connectFrom: null, connectChoice: null });
    control.focusCanvas();
  };
  const connect = (choice: Choice) => {
    design.commands.connect(edgeKey(choice.ends));
    announce(t("connect.done", { layer: choice.title }));
    close();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    event.stopPropagation();
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0 && shown.length > 0) setActive((active + step + shown.length) % shown.length);
    else if (event.key === "Enter" && chosen) connect(chosen);
    else if (event.key === "Escape" || event.key === "Tab") close();
    else return;
    event.preventDefault();
  };

  const { nodes, layers } = design.snapshot.content;
  const name = layers[nodes[from]?.layer ?? ""]?.name;
  return (
    <Paper className={classes.connect} shadow="lg" withBorder data-testid="connect-mode">
      <Group justify="space-between" mb={6} wrap="nowrap">
        <Text size="sm" fw={600} truncate>
          {t("connect.title", { layer: name })}
        </Text>
        <Group gap={4} wrap="nowrap" aria-hidden>
          <Kbd size="xs">↑↓</Kbd>
          <Kbd size="xs">↵</Kbd>
          <Kbd size="xs">Esc</Kbd>
        </Group>
      </Group>
      <TextInput
        size="sm"
        autoFocus
        value={query}
        placeholder={t("connect.search")}
        aria-label={t("connect.search")}
        role="combobox"
        aria-expanded
        aria-controls={id}
        aria-activedescendant={chosen ? `${id}-${active}` : undefined}
        data-testid="connect-search"
        onChange={(event) => {
          setQuery(event.currentTarget.value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
        onBlur={close}
      />
      <div className={classes.choices} role="listbox" id={id} aria-label={t("connect.search")}>
        {shown.map((choice, index) => (
          <div
            key={edgeKey(choice.ends)}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={choice === chosen}
            className={classes.choice}
            onPointerMove={() => setActive(index)}
            onPointerDown={(event) => {
              event.preventDefault();
              connect(choice);
            }}
          >
            <span>{choice.title}</span>
            <Text span size="xs" c="dimmed">
              {choice.detail}
            </Text>
          </div>
        ))}
        {shown.length === 0 && (
          <Text size="sm" c="dimmed" p={6}>
            {t("connect.none")}
          </Text>
        )}
      </div>
    </Paper>
  );
}

function choices(
  from: string,
  control: CanvasControl,
  content: ReturnType<typeof useDesignDocument>["snapshot"]["content"],
): Choice[] {
  const graph = control.graph();
  const { outputs } = portsOf(graph, from);
  const boxes = control.boxes();
  const origin = boxes.find((box) => box.id === from);
  const below = boxes.filter((box) => origin && box.y > origin.y);
  const ordered = [...readingOrder(below), ...readingOrder(boxes.filter((box) => !below.includes(box)))];
  return ordered.flatMap(({ id }) => {
    const layer = content.layers[content.nodes[id]?.layer ?? ""];
    const { inputs } = portsOf(graph, id);
    return outputs.flatMap((output) =>
      inputs.flatMap((input) => {
        const ends = { source: from, source_port: output.id, target: id, target_port: input.id };
        if (!layer || canConnect(graph, ends)) return [];
        const ports = [outputs.length > 1 && output.id, inputs.length > 1 && input.id].filter(Boolean);
        return [{ ends, title: layer.name, detail: [layerTitle(layer.class_name), ...ports].join(" · ") }];
      }),
    );
  });
}
