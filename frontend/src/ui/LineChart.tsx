import { useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { AlignedColumns } from "@/lib/align";
import { formatCompact } from "@/lib/format";

export interface LineStyle {
  key: string;
  label: string;
  color: string;
  width?: number;
  dash?: number[];
  /** Draw a dot at each point; for curves of few points. */
  dots?: boolean;
  /** From 0 to 1. */
  opacity?: number;
}

interface Props {
  lines: LineStyle[];
  columns: AlignedColumns;
  logarithmic: boolean;
  range: { min: number; max: number } | null;
  /** Charts of one group share their pointer. */
  group: string;
  label: string;
  height?: number;
  onZoom: (range: { min: number; max: number } | null) => void;
  /** The row under the pointer, null when it is elsewhere. */
  onHover: (row: number | null) => void;
}

function translucent(color: string, opacity: number): string {
  return opacity >= 1 ? color : `color-mix(in srgb, ${color} ${Math.round(opacity * 100)}%, transparent)`;
}

function toSeries(line: LineStyle): uPlot.Series {
  const stroke = translucent(line.color, line.opacity ?? 1);
  return {
    label: line.label,
    stroke,
    width: line.width ?? 1.6,
    dash: line.dash,
    spanGaps: true,
    points: { show: line.dots ?? false, size: 5, fill: stroke, stroke },
  };
}

function axis(text: string, grid: string, values: (value: number) => string, size: number): uPlot.Axis {
  return {
    stroke: text,
    font: "11px system-ui, sans-serif",
    size,
    gap: 4,
    grid: { stroke: grid, width: 1 },
    ticks: { show: false },
    values: (_, splits) => splits.map((value) => (value === null ? "" : values(value))),
  };
}

function shortMetric(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  return size >= 1e-3 && size < 1e5 ? String(Number(value.toPrecision(4))) : value.toExponential(0);
}

/** Curves over steps: drag to zoom, double-click to see everything, one pointer for all charts of a group. */
export function LineChart({
  lines,
  columns,
  logarithmic,
  range,
  group,
  label,
  height = 230,
  onZoom,
  onHover,
}: Props) {
  const { ref: box, width } = useElementSize();
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef({ range, columns, onZoom, onHover });
  latest.current = { range, columns, onZoom, onHover };
  const isDark = useComputedColorScheme("light") === "dark";
  const style = JSON.stringify(lines);
  const ready = width > 0;

  // biome-ignore lint/correctness/useExhaustiveDependencies: the width is followed by setSize, `style` stands for lines
  useEffect(() => {
    if (!host.current || !ready) return;
    const text = isDark ? "#8b93a6" : "#59627a";
    const grid = isDark ? "rgba(255,255,255,0.07)" : "rgba(20,30,60,0.07)";
    const made = new uPlot(
      {
        width,
        height,
        legend: { show: false },
        padding: [8, 10, 0, 0],
        cursor: {
          y: false,
          drag: { x: true, y: false, setScale: false },
          points: { size: 7 },
          sync: { key: group, filters: { pub: (type) => type === "mousemove" || type === "mouseleave" } },
          bind: {
            dblclick: () => () => {
              latest.current.onZoom(null);
              return null;
            },
          },
        },
        scales: {
          x: {
            time: false,
            range: (_, min, max) => {
              const zoom = latest.current.range;
              if (zoom) return [zoom.min, zoom.max];
              return min === max ? [min - 1, max + 1] : [min, max];
            },
          },
          y: { distr: logarithmic ? 3 : 1 },
        },
        axes: [axis(text, grid, formatCompact, 28), axis(text, grid, shortMetric, 50)],
        series: [{}, ...lines.map(toSeries)],
        hooks: {
          setSelect: [
            (self) => {
              if (self.select.width < 6) return;
              const min = self.posToVal(self.select.left, "x");
              const max = self.posToVal(self.select.left + self.select.width, "x");
              self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
              latest.current.onZoom({ min, max });
            },
          ],
          setCursor: [(self) => latest.current.onHover(self.cursor.idx ?? null)],
        },
      },
      latest.current.columns as uPlot.AlignedData,
      host.current,
    );
    plot.current = made;
    return () => {
      made.destroy();
      plot.current = null;
    };
  }, [style, logarithmic, group, isDark, height, ready]);

  useEffect(() => {
    if (ready) plot.current?.setSize({ width, height });
  }, [width, height, ready]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new range is read by the scale when the data is set
  useEffect(() => {
    plot.current?.setData(columns as uPlot.AlignedData);
  }, [columns, range]);

  return (
    <div ref={box} style={{ height, minWidth: 0 }}>
      <div ref={host} role="img" aria-label={label} />
    </div>
  );
}
