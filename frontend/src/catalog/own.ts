import type { Kind, ObjectSpec } from "./types";

interface Piece {
  kind: Kind;
  name: string;
}

/**
 * What the design's own code adds to the catalog, by what the server `read` of it (null until it answers). A text that
 * cannot be read at the moment leaves its class as it was `before`; one that never was read has one input and one output.
 */
export function specsOf(
  code: Readonly<Record<string, Piece>>,
  read: readonly ObjectSpec[] | null,
  before: readonly ObjectSpec[],
): ObjectSpec[] {
  if (Object.keys(code).length === 0) return [];
  const changed = (read ?? before).filter((spec) => !spec.code);
  const own = Object.entries(code).map(([id, piece]) => {
    const isOf = (spec: ObjectSpec) => spec.code === id && spec.kind === piece.kind;
    const spec = read?.find(isOf) ?? before.find(isOf) ?? unread(id, piece);
    return spec.name === piece.name ? spec : { ...spec, name: piece.name };
  });
  return [...changed, ...own];
}

function unread(id: string, { kind, name }: Piece): ObjectSpec {
  const spec: ObjectSpec = { name, kind, qualified_name: name, category: "own", code: id };
  return kind === "layers" ? { ...spec, inputs: [{ name: "input" }], outputs: [{ name: "output" }] } : spec;
}
