export { LAYER_DRAG_TYPE, Palette } from "./Palette";
export { QuickAdd, type QuickAddProps } from "./QuickAdd";
