import { Alert, CloseButton, Kbd, Skeleton, Text, TextInput, UnstyledButton } from "@mantine/core";
import { useHotkeys, useLocalStorage } from "@mantine/hooks";
import { IconChevronRight, IconHistory, IconSearch } from "@tabler/icons-react";
import { type KeyboardEvent, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { addLayerInView } from "@/actions";
import {
  type CategoryGroup,
  drawables,
  groupByCategory,
  layerSpec,
  layerStyle,
  type ObjectSpec,
  rankObjects,
  useCatalog,
  useSpecsVersion,
} from "@/catalog";
import { useCanEdit } from "@/document";
import { HoverCard, type Hovered, type ItemActions, PaletteItem } from "./PaletteItem";
import classes from "./palette.module.css";
import { rememberUse, useRecent } from "./recent";

const FOLDED_AT_FIRST = /preprocess|augment|image|audio|text|operations/i;

/** Every layer of the catalog: to search, drag to the canvas, or add with a double click or Enter. */
export function Palette() {
  const { t } = useTranslation("palette");
  const catalog = useCatalog();
  const canEdit = useCanEdit();
  const specs = useSpecsVersion();
  const [query, setQuery] = useState("");
  const search = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  useHotkeys([["/", () => search.current?.focus()]]);

  function add(spec: ObjectSpec) {
    if (canEdit && addLayerInView(spec.name)) rememberUse(spec.name);
  }

  // biome-ignore lint/correctness/useExhaustiveDependencies: own code adds to what can be drawn
  const results = useMemo(
    () => (catalog.data && query.trim() ? rankObjects(query, drawables()) : null),
    [catalog.data, query, specs],
  );

  function onSearchKey(event: KeyboardEvent) {
    const best = results?.[0];
    if (event.key === "Enter" && best) add(best);
    else if (event.key === "Escape") {
      if (query) setQuery("");
      else search.current?.blur();
    } else if (event.key === "ArrowDown") {
      event.preventDefault();
      focusStop(list.current, null, 1);
    }
  }

  function onListKey(event: KeyboardEvent) {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      if (!focusStop(list.current, document.activeElement, step) && step < 0) search.current?.focus();
    } else if (
      event.key === "Escape" ||
      (event.key.length === 1 &&
        /[a-z0-9]/i.test(event.key) &&
        !event.ctrlKey &&
        !event.metaKey &&
        !event.altKey)
    ) {
      search.current?.focus();
    }
  }

  return (
    <section className={classes.palette} aria-label={t("title")} data-testid="palette">
      <div className={classes.search}>
        <TextInput
          ref={search}
          size="sm"
          value={query}
          placeholder={t("search")}
          aria-label={t("search")}
          data-testid="palette-search"
          leftSection={<IconSearch size={15} />}
          rightSection={
            query ? (
              <CloseButton size="sm" aria-label={t("clear")} onClick={() => setQuery("")} />
            ) : (
              <Kbd size="xs" title={t("searchHint")} aria-hidden>
                /
              </Kbd>
            )
          }
          onChange={(event) => setQuery(event.currentTarget.value)}
          onKeyDown={onSearchKey}
        />
      </div>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: arrow keys move between the buttons inside */}
      <div className={classes.list} ref={list} onKeyDown={onListKey}>
        {catalog.isError && (
          <Alert color="red" m="xs" title={t("failed", { ns: "catalog" })}>
            {catalog.error.message}
          </Alert>
        )}
        {catalog.isPending && <Loading />}
        {catalog.data && <Items results={results} query={query} canEdit={canEdit} onAdd={add} />}
      </div>
      <Text className={classes.foot} size="xs" c="dimmed">
        {t(canEdit ? "howToAdd" : "readOnly")}
      </Text>
    </section>
  );
}

interface ItemsProps {
  results: ObjectSpec[] | null;
  query: string;
  canEdit: boolean;
  onAdd: (spec: ObjectSpec) => void;
}

function Items({ results, query, canEdit, onAdd }: ItemsProps) {
  const { t } = useTranslation(["palette", "catalog"]);
  const recent = useRecent();
  const [hovered, setHovered] = useState<Hovered | null>(null);
  const item = { canEdit, onAdd, onHover: setHovered };

  return (
    <>
      {results ? (
        <SearchResults results={results} query={query} item={item} />
      ) : (
        <>
          {recent.length > 0 && (
            <Group id="recent" title={t("recent")} icon={<IconHistory size={15} />} count={null}>
              {recent.map((name) => {
                const spec = layerSpec(name);
                return spec ? (
                  <PaletteItem key={name} spec={spec} {...item} id={`palette-recent-${name}`} />
                ) : null;
              })}
            </Group>
          )}
          {groups().map(({ category, style, objects }) => (
            <Group
              key={category}
              id={category}
              title={t(`catalog:category.${category}`, { defaultValue: sentence(category) })}
              icon={<style.icon size={15} color={style.color} />}
              count={objects.length}
            >
              {objects.map((spec) => (
                <PaletteItem key={spec.name} spec={spec} {...item} />
              ))}
            </Group>
          ))}
        </>
      )}
      {hovered && <HoverCard hovered={hovered} canEdit={canEdit} />}
    </>
  );
}

function SearchResults({
  results,
  query,
  item,
}: {
  results: ObjectSpec[];
  query: string;
  item: ItemActions;
}) {
  const { t } = useTranslation("palette");
  if (results.length === 0) {
    return (
      <div className={classes.nothing} role="status">
        <Text size="sm">{t("nothing", { query: query.trim() })}</Text>
        <Text size="xs" c="dimmed" mt={4}>
          {t("nothingHint")}
        </Text>
      </div>
    );
  }
  return (
    <>
      <Text size="xs" c="dimmed" px={10} py={4} role="status">
        {t("results", { count: results.length })}
      </Text>
      {results.map((spec) => (
        <PaletteItem key={spec.name} spec={spec} {...item} />
      ))}
    </>
  );
}

interface GroupProps {
  id: string;
  title: string;
  icon: React.ReactNode;
  count: number | null;
  children: React.ReactNode;
}

function Group({ id, title, icon, count, children }: GroupProps) {
  const [open, setOpen] = useLocalStorage({
    key: `layerloom.palette.open.${id}`,
    defaultValue: !FOLDED_AT_FIRST.test(id),
    getInitialValueInEffect: false,
  });
  return (
    <div className={classes.group}>
      <UnstyledButton
        className={classes.groupTitle}
        aria-expanded={open}
        data-stop
        data-testid={`palette-category-${id}`}
        onClick={() => setOpen(!open)}
      >
        <IconChevronRight size={13} className={classes.chevron} data-open={open || undefined} />
        {icon}
        <span className={classes.groupName}>{title}</span>
        {count !== null && <span className={classes.count}>{count}</span>}
      </UnstyledButton>
      {open && children}
    </div>
  );
}

function Loading() {
  return (
    <div className={classes.loading} aria-busy>
      {["a", "b", "c", "d", "e", "f", "g", "h"].map((key) => (
        <Skeleton key={key} height={26} radius="sm" />
      ))}
    </div>
  );
}

let grouped: { all: ObjectSpec[]; groups: CategoryGroup[] } | null = null;

/** What can be drawn by category: the ends of a model first, the design's own code and the operations last. */
function groups(): CategoryGroup[] {
  const all = drawables();
  const before = grouped?.all;
  if (before?.length !== all.length || all.some((spec, index) => spec !== before[index])) {
    const isEnd = (spec: ObjectSpec) => spec.marker === "input" || spec.marker === "output";
    const ends = all.filter(isEnd);
    const operations = all.filter((spec) => spec.kind === "operations");
    const rest = all.filter((spec) => !isEnd(spec) && spec.kind !== "operations");
    grouped = {
      all,
      groups: [...groupOf("ends", ends), ...groupByCategory(rest), ...groupOf("operations", operations)],
    };
  }
  return grouped?.groups ?? [];
}

function groupOf(category: string, objects: ObjectSpec[]): CategoryGroup[] {
  return objects[0] ? [{ category, style: layerStyle(objects[0]), objects }] : [];
}

/** Move the focus among the items and category titles; false when there is no further one. */
function focusStop(list: HTMLElement | null, from: Element | null, step: number): boolean {
  const stops = [...(list?.querySelectorAll<HTMLElement>("[data-stop]") ?? [])];
  const next = stops[from ? stops.indexOf(from as HTMLElement) + step : 0];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
  return Boolean(next);
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1).replaceAll("_", " ");
}
