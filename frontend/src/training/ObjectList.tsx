import { ActionIcon, Select } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { type JsonObject, objectSpec, objectsOf } from "@/catalog";
import { type Configured, useCanEdit, useCommands } from "@/document";
import { newId } from "@/document/names";
import { rankedFilter, renderObject } from "@/ui/params";
import { Configurable } from "./Configurable";

interface Entry extends Configured {
  position: number;
}

interface ObjectListProps<T extends Entry> {
  kind: "callbacks" | "metrics";
  /** Where the entries are in the training section. */
  path: readonly string[];
  entries: Record<string, T>;
  /** What a new entry holds besides its class, configuration and position. */
  fresh?: JsonObject;
  /** Offered before the catalog's classes. */
  offered?: readonly { value: string; label: string }[];
  words: { add: string; remove: (name: string) => string; nothingFound: string };
  /** What stands in an unfolded entry after the parameters, and what a folded one says of it. */
  further?: (id: string, entry: T) => { form: ReactNode; note: string };
}

/** Keras objects in an order: added from the catalog and the design's own code, configured, removed. */
export function ObjectList<T extends Entry>(props: ObjectListProps<T>) {
  const { kind, path, words } = props;
  const commands = useCommands();
  const canEdit = useCanEdit();
  const [added, setAdded] = useState<string | null>(null);
  const [query, setQuery] = useState("");
  const entries = inOrder(props.entries);

  function add(className: string) {
    const id = newId();
    const position = (entries.at(-1)?.[1].position ?? 0) + 1;
    setAdded(id);
    commands.setTraining([...path, id], {
      class_name: className,
      config: required(kind, className),
      ...props.fresh,
      position,
    });
  }

  return (
    <>
      {entries.map(([id, entry]) => {
        const further = props.further?.(id, entry);
        return (
          <Configurable
            key={id}
            spec={objectSpec(kind, entry.class_name)}
            title={entry.class_name}
            config={entry.config ?? {}}
            note={further?.note}
            readOnly={!canEdit}
            openAtFirst={id === added}
            onSet={(place, value) => commands.setTraining([...path, id, "config", ...place], value)}
            onUnset={(place) => commands.unsetTraining([...path, id, "config", ...place])}
            action={
              canEdit && (
                <ActionIcon
                  size={24}
                  aria-label={words.remove(entry.class_name)}
                  onClick={() => commands.unsetTraining([...path, id])}
                >
                  <IconTrash size={14} />
                </ActionIcon>
              )
            }
          >
            {further?.form}
          </Configurable>
        );
      })}
      {canEdit && (
        <Select
          size="xs"
          searchable
          searchValue={query}
          onSearchChange={setQuery}
          value={null}
          data={[
            ...(props.offered ?? []),
            ...objectsOf(kind).map((spec) => ({ value: spec.name, label: spec.name })),
          ]}
          placeholder={words.add}
          aria-label={words.add}
          nothingFoundMessage={words.nothingFound}
          data-testid={`add-${kind.slice(0, -1)}`}
          filter={rankedFilter(kind)}
          renderOption={renderObject(kind)}
          comboboxProps={{ width: 320, position: "bottom-end" }}
          maxDropdownHeight={320}
          onChange={(name) => {
            if (name) add(name);
            setQuery("");
          }}
        />
      )}
    </>
  );
}

function inOrder<T extends Entry>(entries: Record<string, T>): [string, T][] {
  return Object.entries(entries).sort(
    ([a, one], [b, other]) => (one.position ?? 0) - (other.position ?? 0) || (a < b ? -1 : 1),
  );
}

/** The required parameters of a class at the values that the catalog builds it with, to start from. */
function required(kind: ObjectListProps<Entry>["kind"], className: string): JsonObject {
  const spec = objectSpec(kind, className);
  const names = (spec?.params ?? []).filter((param) => param.required).map((param) => param.name);
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = spec?.sample?.[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
