import { Paper, Text, TextInput } from "@mantine/core";
import { useClickOutside } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import {
  drawables,
  groupByCategory,
  layerSpec,
  layerTitle,
  type ObjectSpec,
  objectsOf,
  rankObjects,
  useCatalog,
  useSpecsVersion,
} from "@/catalog";
import { InlineDoc } from "@/ui/params";
import { LayerIcon } from "./LayerCard";
import classes from "./palette.module.css";
import { getRecent, rememberUse } from "./recent";

export interface QuickAddProps {
  /** Only layers for which this holds are offered: what fits the wire that was dropped. */
  filter?: (spec: ObjectSpec) => boolean;
  onPick: (className: string) => void;
  onClose: () => void;
}

/** A small search for a layer, opened where it will stand; arrows choose, Enter picks, Escape closes. */
export function QuickAdd({ filter, onPick, onClose }: QuickAddProps) {
  const { t } = useTranslation("palette");
  const { data: catalog } = useCatalog();
  const specs = useSpecsVersion();
  const [query, setQuery] = useState("");
  const [active, setActive] = useState(0);
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const outside = useClickOutside<HTMLDivElement>(onClose);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the search reads the catalog that was just loaded
  const items = useMemo(() => offered(query, filter), [query, filter, catalog, specs]);
  const chosen = items[Math.min(active, items.length - 1)];

  useEffect(() => {
    list.current?.querySelector(`[data-index="${active}"]`)?.scrollIntoView({ block: "nearest" });
  }, [active]);

  function pick(spec: ObjectSpec) {
    rememberUse(spec.name);
    onPick(spec.name);
  }

  function onKeyDown(event: KeyboardEvent) {
    const last = items.length - 1;
    const moves: Record<string, number> = {
      ArrowDown: active >= last ? 0 : active + 1,
      ArrowUp: active <= 0 ? last : active - 1,
      PageDown: Math.min(last, active + 8),
      PageUp: Math.max(0, active - 8),
    };
    const move = moves[event.key];
    if (move !== undefined) setActive(Math.max(0, move));
    else if (event.key === "Enter" && chosen) pick(chosen);
    else if (event.key === "Escape" || event.key === "Tab") onClose();
    else return event.stopPropagation();
    event.preventDefault();
    event.stopPropagation();
  }

  return (
    <Paper ref={outside} className={classes.quick} shadow="lg" withBorder data-testid="quick-add">
      <TextInput
        size="sm"
        variant="unstyled"
        autoFocus
        value={query}
        placeholder={t("search")}
        aria-label={t("quickAdd")}
        role="combobox"
        aria-expanded
        aria-controls={`${id}-list`}
        aria-activedescendant={chosen ? `${id}-${chosen.name}` : undefined}
        data-testid="quick-add-search"
        leftSection={<IconSearch size={15} />}
        onChange={(event) => {
          setQuery(event.currentTarget.value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div className={classes.quickList} id={`${id}-list`} role="listbox" aria-label={t("title")} ref={list}>
        {items.map((spec, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the search field holds the focus and takes the keys
          <div
            key={spec.name}
            id={`${id}-${spec.name}`}
            role="option"
            tabIndex={-1}
            aria-selected={spec === chosen}
            className={classes.quickItem}
            data-index={index}
            data-testid={`quick-add-item-${spec.name}`}
            onPointerMove={() => setActive(index)}
            onClick={() => pick(spec)}
          >
            <LayerIcon spec={spec} />
            <span className={classes.name}>{layerTitle(spec.name)}</span>
          </div>
        ))}
        {items.length === 0 && (
          <Text size="sm" c="dimmed" p="sm" role="status">
            {query.trim() ? t("nothing", { query: query.trim() }) : t("nothingFits")}
          </Text>
        )}
      </div>
      {chosen?.summary && (
        <div className={classes.quickFoot}>
          <Text size="xs" c="dimmed" lineClamp={2} component="div">
            <InlineDoc>{chosen.summary}</InlineDoc>
          </Text>
        </div>
      )}
    </Paper>
  );
}

function offered(query: string, filter: QuickAddProps["filter"]): ObjectSpec[] {
  const layers = groupByCategory(objectsOf("layers")).flatMap((group) => group.objects);
  const found = query.trim() ? rankObjects(query, drawables()) : [...layers, ...objectsOf("operations")];
  const recent = query.trim()
    ? []
    : getRecent()
        .map(layerSpec)
        .filter((spec) => spec !== undefined);
  const ordered = [...recent, ...found.filter((spec) => !recent.includes(spec))];
  return filter ? ordered.filter(filter) : ordered;
}
