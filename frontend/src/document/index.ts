export { type Commands, NEW_NODE, type NewLayer, type Place } from "./commands";
export * from "./DesignProvider";
export { DesignDocument, type DesignStatus, type SaveState } from "./design";
export { copyFragment, FRAGMENT_TYPE, type Fragment, parseFragment } from "./fragment";
export * from "./graphs";
export { findAt, isJsonObject, type JsonObject, type JsonValue } from "./json";
export * from "./model";
export { snakeCase } from "./names";
export { canUnpack, type GroupRefusal, groupRefusal, type KnownFacts } from "./nest";
