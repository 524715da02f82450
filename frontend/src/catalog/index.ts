export {
  type CategoryGroup,
  type CategoryStyle,
  categoryStyle,
  groupByCategory,
  layerStyle,
  layerTitle,
} from "./categories";
export { specsOf } from "./own";
export { rankObjects, searchCatalog } from "./search";
export {
  drawables,
  getCatalog,
  layerSpec,
  objectSpec,
  objectsOf,
  setCatalog,
  setOwnSpecs,
  specsVersion,
  subscribeToSpecs,
  useSpecsVersion,
} from "./store";
export type {
  Catalog,
  JsonObject,
  JsonValue,
  Kind,
  ObjectSpec,
  ParamKind,
  ParamSpec,
  PortSpec,
} from "./types";
export { PARAM_KINDS } from "./types";
export { useCatalog } from "./useCatalog";
