import { useStoreApi } from "@xyflow/react";
import { useEffect, useRef } from "react";
import classes from "./canvas.module.css";

const GAP = 22;

/**
 * The dots behind the cards. They repeat, so that panning only shifts the layer by less than one gap and nothing
 * is painted anew.
 */
export function DotGrid() {
  const grid = useRef<HTMLDivElement>(null);
  const store = useStoreApi();
  useEffect(() => {
    let shown = "";
    const place = () => {
      const element = grid.current;
      const [x, y, zoom] = store.getState().transform;
      const key = `${x},${y},${zoom}`;
      if (!element || key === shown) return;
      shown = key;
      const gap = GAP * zoom;
      element.style.setProperty("--gap", `${gap}px`);
      element.style.transform = `translate(${modulo(x, gap)}px, ${modulo(y, gap)}px)`;
    };
    place();
    return store.subscribe(place);
  }, [store]);
  return <div ref={grid} className={classes.dots} aria-hidden />;
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
