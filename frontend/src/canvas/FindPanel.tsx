import { ActionIcon, CloseButton, Paper, Text, TextInput, Tooltip, UnstyledButton } from "@mantine/core";
import { IconChevronDown, IconChevronUp, IconSearch } from "@tabler/icons-react";
import { type KeyboardEvent, useContext, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { useEditorView } from "@/actions";
import { layerSpec, layerTitle, useSpecsVersion } from "@/catalog";
import { PLACEHOLDER } from "@/designs/placeholders";
import { type DesignContent, useDocumentSelector } from "@/document";
import { FIND_EXAMPLES, type Findable, findNodes } from "@/graph/find";
import type { CanvasControl } from "./CanvasControl";
import classes from "./canvas.module.css";
import { FactContext, type FactIndex } from "./facts";
import { callsByLayer } from "./sharedCalls";
import { announce, setCanvasState, useCanvasState } from "./state";

/** Find in the whole design, also inside nested models: what matches stands out, Enter goes from one to the next. */
export function FindPanel({ control }: { control: CanvasControl }) {
  const open = useEditorView((view) => view.findOpen);
  return open ? <Finder control={control} /> : null;
}

function Finder({ control }: { control: CanvasControl }) {
  const { t } = useTranslation("canvas");
  const [query, setQuery] = useState("");
  const hit = useCanvasState((state) => state.hit);
  const found = useFound(query);
  const index = hit === null ? -1 : found.indexOf(hit);

  useEffect(() => {
    setCanvasState({ hits: query.trim() ? new Set(found) : null });
    if (query.trim()) announce(t("find.count", { count: found.length }));
  }, [query, found, t]);
  useEffect(() => () => setCanvasState({ hits: null, hit: null }), []);

  const close = () => {
    useEditorView.setState({ findOpen: false });
    control.focusCanvas();
  };
  const go = (step: number) => {
    if (found.length === 0) return;
    const next = found[(Math.max(index, step < 0 ? 0 : -1) + step + found.length) % found.length] as string;
    setCanvasState({ hit: next });
    control.show(next);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    event.stopPropagation();
    if (event.key === "Enter") go(event.shiftKey ? -1 : 1);
    else if (event.key === "ArrowDown") go(1);
    else if (event.key === "ArrowUp") go(-1);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  };

  return (
    <Paper className={classes.find} shadow="md" withBorder role="search" data-testid="find-panel">
      <div className={classes.findRow}>
        <TextInput
          size="xs"
          autoFocus
          value={query}
          placeholder={t("find.placeholder")}
          aria-label={t("find.title")}
          data-testid="find-query"
          leftSection={<IconSearch size={14} />}
          onChange={(event) => {
            setQuery(event.currentTarget.value);
            setCanvasState({ hit: null });
          }}
          onKeyDown={onKeyDown}
          style={{ flex: 1 }}
        />
        <Text
          size="xs"
          c="dimmed"
          className={classes.findCount}
          data-testid="find-count"
          data-found={found.length}
        >
          {query.trim() && (index >= 0 ? `${index + 1} / ${found.length}` : found.length)}
        </Text>
        <Tooltip label={t("find.previous")}>
          <ActionIcon
            size={26}
            aria-label={t("find.previous")}
            disabled={found.length === 0}
            onClick={() => go(-1)}
          >
            <IconChevronUp size={15} />
          </ActionIcon>
        </Tooltip>
        <Tooltip label={t("find.next")}>
          <ActionIcon
            size={26}
            aria-label={t("find.next")}
            data-testid="find-next"
            disabled={found.length === 0}
            onClick={() => go(1)}
          >
            <IconChevronDown size={15} />
          </ActionIcon>
        </Tooltip>
        <CloseButton size={26} aria-label={t("find.close")} onClick={close} />
      </div>
      {found.length === 0 && (
        <div className={classes.findExamples}>
          {query.trim() && <Text size="xs">{t("find.nothing")}</Text>}
          {FIND_EXAMPLES.map((example) => (
            <UnstyledButton key={example} className={classes.findExample} onClick={() => setQuery(example)}>
              {example}
            </UnstyledButton>
          ))}
        </div>
      )}
    </Paper>
  );
}

function useFound(query: string): string[] {
  const nodes = useDocumentSelector((content) => content.nodes);
  const layers = useDocumentSelector((content) => content.layers);
  const facts = useContext(FactContext);
  const version = useSyncExternalStore(facts.subscribe, facts.version);
  const specs = useSpecsVersion();
  return useMemo(() => {
    void [version, specs];
    return query.trim() ? findNodes(query, findables(nodes, layers, facts)) : [];
  }, [query, nodes, layers, facts, version, specs]);
}

/** All nodes of the design as the search sees them: those of the design itself first, each graph from top to bottom. */
function findables(
  nodes: DesignContent["nodes"],
  layers: DesignContent["layers"],
  facts: FactIndex,
): Findable[] {
  const calls = callsByLayer(nodes);
  return Object.entries(nodes)
    .sort(([, a], [, b]) => (a.graph < b.graph ? -1 : a.graph > b.graph ? 1 : a.y - b.y || a.x - b.x))
    .flatMap(([id, node]) => {
      const layer = layers[node.layer];
      if (!layer) return [];
      const { analysis, severity } = facts.of(id);
      const spec = layerSpec(layer.class_name);
      return {
        id,
        graph: node.graph,
        name: layer.name,
        className: layer.class_name,
        title: layerTitle(layer.class_name),
        note: node.note,
        trainable: layer.params.trainable !== false,
        params: analysis?.params,
        flops: analysis?.flops,
        severity,
        shared: (calls.get(node.layer)?.length ?? 0) > 1,
        placeholder: layer.class_name === PLACEHOLDER || !spec,
        valueOf: (name) => layer.params[name] ?? spec?.params?.find((param) => param.name === name)?.default,
      };
    });
}
