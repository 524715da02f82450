import { createContext } from "react";

/** What of the open design a parameter may name. */
export interface DesignChoices {
  /** The insides of nested models. */
  graphs: readonly { id: string; name: string }[];
  /** Layer instances, whose weights a wrapper can share. */
  layers: readonly { id: string; name: string; className: string }[];
}

/** Without a design around the form there is nothing to name. */
export const DesignChoicesContext = createContext<DesignChoices>({ graphs: [], layers: [] });
