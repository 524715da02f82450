import { type ReactNode, useEffect, useState } from "react";
import { createPortal } from "react-dom";

export const HEADER_START = "header-start";
export const HEADER_END = "header-end";

/** Puts a page's own controls into the header: beside the logo (`start`) or before the theme toggle (`end`). */
export function HeaderSlot({ side, children }: { side: "start" | "end"; children: ReactNode }) {
  const [place, setPlace] = useState<HTMLElement | null>(null);
  useEffect(() => setPlace(document.getElementById(side === "start" ? HEADER_START : HEADER_END)), [side]);
  return place ? createPortal(children, place) : null;
}
