import { Paper, Portal } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { LAYER_DRAG_TYPE } from "@/actions";
import { layerTitle, type ObjectSpec } from "@/catalog";
import { LayerCard, LayerIcon } from "./LayerCard";
import classes from "./palette.module.css";
import { rememberUse } from "./recent";

export interface Hovered {
  spec: ObjectSpec;
  place: DOMRect;
}

export interface ItemActions {
  canEdit: boolean;
  onAdd: (spec: ObjectSpec) => void;
  onHover: (hovered: Hovered | null) => void;
}

/** One layer of the palette: to drag, or to add with a double click, a tap or Enter. */
export function PaletteItem({
  spec,
  canEdit,
  onAdd,
  onHover,
  id,
}: ItemActions & { spec: ObjectSpec; id?: string }) {
  const touched = useRef(false);
  const show = (target: HTMLElement) => onHover({ spec, place: target.getBoundingClientRect() });
  return (
    <button
      type="button"
      className={classes.item}
      draggable={canEdit}
      tabIndex={-1}
      data-stop
      data-testid={id ?? `palette-item-${spec.name}`}
      aria-disabled={!canEdit}
      onPointerDown={(event) => {
        touched.current = event.pointerType === "touch";
      }}
      onClick={(event) => {
        // A click of the keyboard has no detail; touch has no double click.
        if (event.detail === 0 || touched.current) onAdd(spec);
      }}
      onDoubleClick={() => !touched.current && onAdd(spec)}
      onDragStart={(event) => {
        event.dataTransfer.setData(LAYER_DRAG_TYPE, spec.name);
        event.dataTransfer.effectAllowed = "copy";
        onHover(null);
      }}
      onDragEnd={(event) => {
        if (event.dataTransfer.dropEffect !== "none") rememberUse(spec.name);
      }}
      onPointerEnter={(event) => event.pointerType === "mouse" && show(event.currentTarget)}
      onPointerLeave={() => onHover(null)}
      onFocus={(event) => event.currentTarget.matches(":focus-visible") && show(event.currentTarget)}
      onBlur={() => onHover(null)}
    >
      <LayerIcon spec={spec} />
      <span className={classes.name}>{layerTitle(spec.name)}</span>
    </button>
  );
}

const HOVER_PAUSE = 400;

/** What the layer under the pointer is, beside the palette, after a moment. */
export function HoverCard({ hovered, canEdit }: { hovered: Hovered; canEdit: boolean }) {
  const { t } = useTranslation("palette");
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = window.setTimeout(() => setShown(true), HOVER_PAUSE);
    return () => window.clearTimeout(timer);
  }, []);
  if (!shown || window.innerWidth < 700) return null;
  const { right, top } = hovered.place;
  return (
    <Portal>
      <Paper
        className={classes.hover}
        shadow="md"
        withBorder
        role="tooltip"
        style={{ left: right + 12, top: Math.min(top, window.innerHeight - 220) }}
      >
        <LayerCard spec={hovered.spec} hint={canEdit ? t("howToAdd") : undefined} />
      </Paper>
    </Portal>
  );
}
