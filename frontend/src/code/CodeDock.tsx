import { Drawer, Skeleton } from "@mantine/core";
import { lazy, type PointerEvent, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { useEditorView } from "@/actions";
import { useCodeView } from "@/actions/codeView";
import classes from "./code.module.css";

/** The panel brings the text editor with it, which the page does not load before somebody looks at code. */
const CodePanel = lazy(async () => ({ default: (await import("./CodePanel")).CodePanel }));

const LEAST = 320;
const MOST = 1100;
const STEP = 24;

function clamped(width: number): number {
  return Math.round(Math.max(LEAST, Math.min(MOST, window.innerWidth * 0.7, width)));
}

function Loading() {
  return (
    <div className={classes.loading} role="status">
      {[72, 88, 54, 80, 40].map((width) => (
        <Skeleton key={width} height={12} width={`${width}%`} />
      ))}
    </div>
  );
}

/** The code beside the canvas, as wide as one likes; on a narrow screen a drawer over it. */
export function CodeDock({ wide }: { wide: boolean }) {
  const { t } = useTranslation("code");
  const { open, width } = useCodeView();
  const close = () => {
    useCodeView.setState({ open: false });
    useEditorView.getState().canvas?.focusCanvas();
  };
  const panel = (
    <Suspense fallback={<Loading />}>
      <CodePanel onClose={close} />
    </Suspense>
  );
  if (!wide) {
    return (
      <Drawer
        opened={open}
        onClose={close}
        position="bottom"
        size="88%"
        withCloseButton={false}
        aria-label={t("title")}
        styles={{ body: { padding: 0, height: "100%" } }}
      >
        {open && panel}
      </Drawer>
    );
  }
  if (!open) return null;
  return (
    <aside className={classes.dock} style={{ width }} aria-label={t("title")}>
      <Handle width={width} />
      {panel}
    </aside>
  );
}

function Handle({ width }: { width: number }) {
  const { t } = useTranslation("code");
  const resize = (next: number) => useCodeView.setState({ width: clamped(next) });
  const begin = (event: PointerEvent<HTMLElement>) => {
    const handle = event.currentTarget;
    const start = event.clientX;
    handle.setPointerCapture(event.pointerId);
    const move = (moved: globalThis.PointerEvent) => resize(width + start - moved.clientX);
    handle.addEventListener("pointermove", move);
    handle.addEventListener("lostpointercapture", () => handle.removeEventListener("pointermove", move), {
      once: true,
    });
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a separator that can be moved has no element of its own
    <div
      className={classes.handle}
      role="separator"
      aria-orientation="vertical"
      aria-label={t("resize")}
      aria-valuenow={width}
      aria-valuemin={LEAST}
      aria-valuemax={MOST}
      tabIndex={0}
      data-testid="code-resize"
      onPointerDown={begin}
      onKeyDown={(event) => {
        if (event.key === "ArrowLeft") resize(width + STEP);
        else if (event.key === "ArrowRight") resize(width - STEP);
        else return;
        event.preventDefault();
      }}
    />
  );
}
