import type { ReactNode, RefObject } from "react";
import type { ObjectSpec } from "@/catalog";
import { hasInput, hasOutput } from "@/graph/ports";
import type { CanvasControl } from "./CanvasControl";
import classes from "./canvas.module.css";
import { setCanvasState, useCanvasState } from "./state";

export interface QuickAddSlotProps {
  filter?: (spec: ObjectSpec) => boolean;
  onPick: (className: string) => void;
  onClose: () => void;
}

const QUICK_SIZE = { width: 300, height: 340 };

interface QuickAddPlaceProps {
  control: CanvasControl;
  element: RefObject<HTMLDivElement | null>;
  render: (props: QuickAddSlotProps) => ReactNode;
}

/** The search for a layer, inside the canvas and near where it was asked for. */
export function QuickAddPlace({ control, element, render }: QuickAddPlaceProps) {
  const request = useCanvasState((state) => state.quickAdd);
  if (!request) return null;
  const box = element.current?.getBoundingClientRect() ?? new DOMRect();
  const left = Math.max(8, Math.min(request.screen.x - box.left, box.width - QUICK_SIZE.width - 8));
  const top = Math.max(8, Math.min(request.screen.y - box.top, box.height - QUICK_SIZE.height - 8));
  const { from } = request;
  const close = () => {
    setCanvasState({ quickAdd: null });
    control.focusCanvas();
  };
  return (
    <div className={classes.popup} style={{ left, top }}>
      {render({
        filter: from ? (from.type === "source" ? hasInput : hasOutput) : undefined,
        onPick: (className) => {
          control.pickQuickAdd(className, request);
          close();
        },
        onClose: close,
      })}
    </div>
  );
}
