export { Palette } from "./Palette";
export { QuickAdd, type QuickAddProps } from "./QuickAdd";
