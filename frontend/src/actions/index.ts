export { ActionProvider } from "./ActionProvider";
export { type ActionContext, type ActionHost, useActionContext } from "./context";
export { LAYER_DRAG_TYPE } from "./dragging";
export * from "./editorView";
export { shortcutLabel } from "./keys";
export * from "./openGraph";
export { ACTIONS, type Action, type ActionId, findAction } from "./registry";
export * from "./selection";
