export { ActionProvider } from "./ActionProvider";
export { type ActionContext, type ActionHost, useActionContext } from "./context";
export * from "./editorView";
export { shortcutLabel } from "./keys";
export * from "./openGraph";
export { ACTIONS, type Action, type ActionId, findAction } from "./registry";
export * from "./selection";
