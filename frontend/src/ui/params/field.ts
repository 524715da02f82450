import type { JsonValue, ParamSpec } from "@/catalog";

/** What every widget of the form receives. Paths start with the name of the parameter. */
export interface FieldProps {
  id: string;
  /** What the test ids of the widgets begin with: `input-units`. */
  scope: string;
  spec: ParamSpec;
  /** The stored value; undefined stands for the default. */
  value: JsonValue | undefined;
  /** Several selected objects hold different values here. */
  mixed: boolean;
  readOnly: boolean;
  /** What is wrong with the stored value, by the last check of the design. */
  error: string | undefined;
  onSet: (path: string[], value: JsonValue) => void;
  onUnset: (path: string[]) => void;
}
