export { type DesignChoices, DesignChoicesContext } from "./choices";
export { DocText, InlineDoc } from "./DocText";
export { rankedFilter, renderObject } from "./ObjectField";
export { readObject, writeObject } from "./objects";
export { ParamForm, type ParamFormProps } from "./ParamForm";
export { COMMIT_PAUSE, useDraft } from "./useDraft";
export { defaultText, formatParam, isObject, parseParam, sameValue, withoutValue, withValue } from "./values";
