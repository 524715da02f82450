import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { DatasetDescription } from "@/api";
import classes from "./training.module.css";

const IMAGES_SHOWN = 8;
const ROWS_SHOWN = 3;
const COLUMNS_SHOWN = 4;

type Pixels = (number | number[])[][];

/** A glance at the data: a strip of images, or the first cells of a table. */
export function DataPreview({ data }: { data: DatasetDescription }) {
  const images = data.preview.images;
  const rows = data.preview.rows;
  if (data.kind === "image" && Array.isArray(images)) {
    const labels = Array.isArray(data.preview.labels) ? data.preview.labels : [];
    return (
      <div className={classes.images}>
        {(images as unknown as Pixels[]).slice(0, IMAGES_SHOWN).map((pixels, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the samples of a preview have no other identity
          <Picture key={index} pixels={pixels} label={String(labels[index] ?? "")} />
        ))}
      </div>
    );
  }
  if (data.kind === "table" && Array.isArray(rows)) {
    const columns = Array.isArray(data.preview.columns) ? data.preview.columns.map(String) : [];
    return <Cells columns={columns} rows={rows as unknown[][]} />;
  }
  return null;
}

function Picture({ pixels, label }: { pixels: Pixels; label: string }) {
  const { t } = useTranslation("training");
  const canvas = useRef<HTMLCanvasElement>(null);
  const height = pixels.length;
  const width = pixels[0]?.length ?? 0;
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context || width === 0) return;
    const image = context.createImageData(width, height);
    pixels.forEach((row, y) => {
      row.forEach((pixel, x) => {
        const [red, green, blue] = channels(pixel);
        image.data.set([red, green, blue, 255], (y * width + x) * 4);
      });
    });
    context.putImageData(image, 0, 0);
  }, [pixels, width, height]);
  return (
    <canvas
      ref={canvas}
      width={width}
      height={height}
      className={classes.picture}
      role="img"
      aria-label={t("data.sampleOf", { label })}
      title={label}
    />
  );
}

/** A grey value, bare or alone in a list, or red, green and blue. */
function channels(pixel: number | number[]): [number, number, number] {
  if (typeof pixel === "number") return [pixel, pixel, pixel];
  const [first = 0, second = first, third = first] = pixel;
  return [first, second, third];
}

function Cells({ columns, rows }: { columns: string[]; rows: unknown[][] }) {
  const more = Math.max(0, columns.length - COLUMNS_SHOWN);
  return (
    <div className={classes.cells}>
      <table>
        <thead>
          <tr>
            {columns.slice(0, COLUMNS_SHOWN).map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
            {more > 0 && <th>+{more}</th>}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, ROWS_SHOWN).map((row, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the rows of a preview have no other identity
            <tr key={index}>
              {row.slice(0, COLUMNS_SHOWN).map((cell, column) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its column
                <td key={column}>{cellText(cell)}</td>
              ))}
              {more > 0 && <td>…</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function cellText(cell: unknown): string {
  if (cell === null || cell === undefined) return "–";
  return typeof cell === "number" ? String(Number(cell.toPrecision(4))) : String(cell);
}
