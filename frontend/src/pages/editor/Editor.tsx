import { Button, Drawer, SegmentedControl, Skeleton } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconAdjustments, IconPlayerPlay, IconPlus } from "@tabler/icons-react";
import { type ReactNode, useEffect, useLayoutEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { openDrawer, type SidePanel, showPanel, useEditorView } from "@/actions";
import { type DesignDetail, useDiagnostics } from "@/api";
import { useReadOwnCode } from "@/api/code";
import { useWeightsStart } from "@/api/weights";
import { Canvas } from "@/canvas/Canvas";
import { type ObjectSpec, setOwnSpecs, specsOf, useSpecsVersion } from "@/catalog";
import { CodeDock } from "@/code/CodeDock";
import { useCanEdit, useDocumentSelector, useSaveState, useTraining } from "@/document";
import { Inspector } from "@/inspector/Inspector";
import { Palette } from "@/palette/Palette";
import { QuickAdd } from "@/palette/QuickAdd";
import { RunStrip } from "@/runs/RunStrip";
import { TrainPanel } from "@/training/TrainPanel";
import { DesignWeights } from "@/weights/DesignWeights";
import { LayerWeights } from "@/weights/LayerWeights";
import { DesignPicker } from "./DesignPicker";
import { EmptyDesign } from "./EmptyDesign";
import classes from "./editor.module.css";
import { LeftoverNotice } from "./LeftoverNotice";
import { ProblemsDrawer } from "./ProblemsDrawer";
import { TopBar } from "./TopBar";
import { useOpenPath } from "./useOpenPath";

const WIDE = "(min-width: 64em)";

/** The editor: palette, canvas and forms side by side; on a narrow screen the panels become drawers. */
export function Editor({ design }: { design: DesignDetail }) {
  const canEdit = useCanEdit();
  useOpenPath();
  useOwnSpecs(design.id);
  const wide = useMediaQuery(WIDE, true, { getInitialValueInEffect: false });
  return (
    <div className={classes.editor}>
      <TopBar design={design} wide={wide} />
      <LeftoverNotice design={design} />
      <div className={classes.work}>
        {wide && canEdit && (
          <div className={classes.palette}>
            <Palette />
          </div>
        )}
        <div className={classes.center}>
          <div className={classes.canvas}>
            <DiagnosedCanvas design={design} />
          </div>
          <RunStrip designId={design.id} />
          <ProblemsDrawer designId={design.id} />
          {!wide && <DrawerBar />}
        </div>
        <CodeDock wide={wide} />
        {wide && (
          <div className={classes.side}>
            <Side />
          </div>
        )}
      </div>
      {!wide && <Drawers />}
      {canEdit && <DesignPicker designId={design.id} />}
    </div>
  );
}

/** The design's own code joins the catalog of this page while the design is open. */
function useOwnSpecs(designId: string): void {
  const code = useDocumentSelector((content) => content.code);
  const { data } = useReadOwnCode(designId, code);
  const known = useRef<ObjectSpec[]>([]);
  useLayoutEffect(() => {
    known.current = specsOf(code, (data?.specs as ObjectSpec[]) ?? null, known.current);
    setOwnSpecs(known.current);
  }, [code, data]);
  useEffect(() => () => setOwnSpecs([]), []);
  useSpecsVersion();
}

function DiagnosedCanvas({ design }: { design: DesignDetail }) {
  const { analysis, digest } = useDiagnostics(design.id);
  const { weights } = useTraining();
  const someWeights = useDocumentSelector(({ layers }) =>
    Object.values(layers).some((layer) => layer.weights !== null),
  );
  const fromValues = weights !== null || someWeights;
  const start = useWeightsStart(design.id, digest, fromValues);
  const loading = useSaveState() === "loading";
  return (
    <>
      <Canvas
        analysis={analysis}
        starts={fromValues ? start.data?.layers : undefined}
        quickAdd={(props) => <QuickAdd {...props} />}
        empty={<EmptyDesign design={design} />}
      />
      {loading && <LoadingCanvas />}
    </>
  );
}

function LoadingCanvas() {
  const { t } = useTranslation("document");
  return (
    <div className={classes.loading} role="status" aria-label={t("loading")}>
      {[0, 1, 2].map((key) => (
        <Skeleton key={key} width={220} height={58} radius={10} />
      ))}
    </div>
  );
}

function Side() {
  const { t } = useTranslation("document");
  const panel = useEditorView((view) => view.panel);
  const choices: { value: SidePanel; label: ReactNode }[] = [
    { value: "layer", label: t("panel.layer") },
    { value: "train", label: t("panel.train") },
  ];
  return (
    <section className={classes.sideInner} id="editor-side" tabIndex={-1} aria-label={t("panel.label")}>
      <div className={classes.tabs}>
        <SegmentedControl
          fullWidth
          size="xs"
          value={panel}
          data={choices}
          aria-label={t("panel.label")}
          data-testid="side-panels"
          onChange={(value) => useEditorView.setState({ panel: value })}
        />
      </div>
      <div className={classes.panel}>
        {panel === "layer" ? (
          <Inspector weights={(layer) => <LayerWeights layer={layer} />} />
        ) : (
          <TrainPanel start={<DesignWeights />} />
        )}
      </div>
    </section>
  );
}

function DrawerBar() {
  const { t } = useTranslation("document");
  const canEdit = useCanEdit();
  return (
    <nav className={classes.drawerBar} aria-label={t("panel.label")}>
      {canEdit && (
        <Button
          variant="default"
          size="sm"
          leftSection={<IconPlus size={16} />}
          onClick={() => openDrawer("palette")}
        >
          {t("panel.palette")}
        </Button>
      )}
      <Button
        variant="default"
        size="sm"
        leftSection={<IconAdjustments size={16} />}
        onClick={() => showPanel("layer")}
        data-testid="open-layer"
      >
        {t("panel.layer")}
      </Button>
      <Button
        size="sm"
        leftSection={<IconPlayerPlay size={16} />}
        onClick={() => showPanel("train")}
        data-testid="open-train"
      >
        {t("panel.train")}
      </Button>
    </nav>
  );
}

function Drawers() {
  const { t } = useTranslation("document");
  const drawer = useEditorView((view) => view.drawer);
  useEffect(() => () => openDrawer(null), []);
  const close = () => openDrawer(null);
  const styles = {
    body: { padding: 0, height: "calc(100% - 48px)" },
    header: { minHeight: 48, padding: "4px 12px" },
  };
  return (
    <>
      <Drawer
        opened={drawer === "palette"}
        onClose={close}
        size={320}
        title={t("panel.palette")}
        styles={styles}
      >
        <Palette />
      </Drawer>
      <Drawer
        opened={drawer === "side"}
        onClose={close}
        position="bottom"
        size="72%"
        withCloseButton
        styles={styles}
        title={t("panel.label")}
      >
        <Side />
      </Drawer>
    </>
  );
}
