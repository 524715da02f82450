import { useLocalStorage } from "@mantine/hooks";
import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router";
import type { Look } from "./curveTables";
import type { Basis, Range } from "./liveRun";

const FIRST_LOOK: Look = { basis: "batch", smoothing: 0.6, logarithmic: false };

/** `batch`, 12.2 to 340.8 -> `batch:12-341`. */
export function writeZoom(basis: Basis, range: Range): string {
  return `${basis}:${Math.round(range.min)}-${Math.round(range.max)}`;
}

/** The range that `text` names when it is one of `basis`, else null. */
export function readZoom(text: string | null, basis: Basis): Range | null {
  const match = /^(batch|epoch):(\d{1,12})-(\d{1,12})$/.exec(text ?? "");
  if (!match || match[1] !== basis) return null;
  const [min, max] = [Number(match[2]), Number(match[3])];
  return min < max ? { min, max } : null;
}

/** How curves are drawn, remembered in this browser. */
export function useLook(): [Look, (change: Partial<Look>) => void] {
  const [look, setLook] = useLocalStorage<Look>({
    key: "layerloom.runs.look",
    defaultValue: FIRST_LOOK,
    getInitialValueInEffect: false,
  });
  const change = useCallback(
    (part: Partial<Look>) => setLook((before) => ({ ...before, ...part })),
    [setLook],
  );
  return [look, change];
}

/** The zoomed range, kept in the address so that it survives a refresh and can be sent to somebody. */
export function useZoom(basis: Basis): [Range | null, (range: Range | null) => void] {
  const [search, setSearch] = useSearchParams();
  const text = search.get("zoom");
  const range = useMemo(() => readZoom(text, basis), [text, basis]);
  const zoom = useCallback(
    (next: Range | null) =>
      setSearch(
        (before) => {
          const after = new URLSearchParams(before);
          if (next && Math.round(next.max) > Math.round(next.min)) after.set("zoom", writeZoom(basis, next));
          else after.delete("zoom");
          return after;
        },
        { replace: true },
      ),
    [setSearch, basis],
  );
  return [range, zoom];
}

/** The other runs that are drawn too, kept in the address. */
export function useCompared(): [string[], (id: string, shown: boolean) => void] {
  const [search, setSearch] = useSearchParams();
  const text = search.get("with") ?? "";
  const ids = useMemo(() => text.split(",").filter(Boolean), [text]);
  const show = useCallback(
    (id: string, shown: boolean) =>
      setSearch(
        (before) => {
          const others = (before.get("with") ?? "").split(",").filter((other) => other && other !== id);
          const after = new URLSearchParams(before);
          if (shown) others.push(id);
          if (others.length > 0) after.set("with", others.join(","));
          else after.delete("with");
          return after;
        },
        { replace: true },
      ),
    [setSearch],
  );
  return [ids, show];
}
