import type { ThumbnailData } from "@/api/types";
import { layoutThumbnail, THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH } from "@/lib/thumbnail";

interface Props {
  data: ThumbnailData | null;
  /** The colour of a category, as a CSS value. */
  colorOf: (category: string) => string;
}

/** A design as a picture: its nodes in the colours of their categories, and its wires. */
export function Thumbnail({ data, colorOf }: Props) {
  const { boxes, wires } = layoutThumbnail(data);
  return (
    <svg
      viewBox={`0 0 ${THUMBNAIL_WIDTH} ${THUMBNAIL_HEIGHT}`}
      width="100%"
      height="100%"
      preserveAspectRatio="xMidYMid meet"
      aria-hidden="true"
    >
      <g fill="none" stroke="var(--mantine-color-dimmed)" strokeOpacity="0.45" strokeWidth="1.2">
        {wires.map((wire) => (
          <path key={wire.key} d={wire.path} />
        ))}
      </g>
      {boxes.map((box) => (
        <rect
          key={box.key}
          x={box.x}
          y={box.y}
          width={box.width}
          height={box.height}
          rx={Math.min(4, box.height / 3)}
          style={{ fill: colorOf(box.category) }}
        />
      ))}
    </svg>
  );
}
