import { useEffect, useRef } from "react";
import { useSearchParams } from "react-router";
import { openPath, useEditorView } from "@/actions";

const KEY = "in";

/** The way into nested models stands in the address, so that the browser's Back leaves a model. */
export function useOpenPath(): void {
  const [search, setSearch] = useSearchParams();
  const address = search.get(KEY) ?? "";
  const now = useRef(address);
  now.current = address;
  useEffect(() => openPath(address ? address.split(".") : []), [address]);
  useEffect(() => {
    const stop = useEditorView.subscribe(({ path }, before) => {
      const wanted = path.join(".");
      if (path === before.path || wanted === now.current) return;
      setSearch((old) => {
        const next = new URLSearchParams(old);
        if (wanted) next.set(KEY, wanted);
        else next.delete(KEY);
        return next;
      });
    });
    return stop;
  }, [setSearch]);
  useEffect(() => () => openPath([]), []);
}
