/** The kind of data that a layer class is while it is dragged from the palette to the canvas. */
export const LAYER_DRAG_TYPE = "application/x-layerloom-layer";
