import { Select, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useDiagnostics } from "@/api";
import { useRunLayers, useWeightsFiles, useWeightsStart } from "@/api/weights";
import { useCanEdit, useCommands, useDesignDocument, useLayer, type Weights } from "@/document";
import { SourcePicker } from "./SourcePicker";
import classes from "./weights.module.css";

/** Values that one layer starts from, whatever the rest of the design does. */
export function LayerWeights({ layer: id }: { layer: string }) {
  const { t } = useTranslation("weights");
  const design = useDesignDocument();
  const commands = useCommands();
  const canEdit = useCanEdit();
  const layer = useLayer(id);
  const { digest, byNode } = useDiagnostics(design.id);
  const weights = layer?.weights ?? null;
  const start = useWeightsStart(design.id, digest, weights !== null);
  const told = start.data?.layers.find((one) => one.layer === id);
  const params = Object.entries(design.snapshot.content.nodes).some(
    ([node, call]) => call.layer === id && (byNode.get(node)?.params ?? 0) > 0,
  );
  if (!layer || (!params && !weights)) return null;

  const set = (value: Weights | null) => {
    commands.applyEdits([{ op: "set", path: ["layers", id, "weights"], value: value && { ...value } }]);
    commands.endGesture();
  };
  return (
    <div data-testid="layer-weights">
      <SourcePicker
        label={t("layer")}
        value={weights}
        readOnly={!canEdit}
        vectors={layer.class_name === "Embedding"}
        testId="layer-weights-source"
        onChange={set}
      />
      {weights && <LayerThere weights={weights} name={layer.name} readOnly={!canEdit} onChange={set} />}
      {weights && told && (
        <Text size="xs" mt={4} className={classes.told} data-start={told.start}>
          {told.start === "kept" ? t("kept") : t("afresh", { why: told.why })}
        </Text>
      )}
    </div>
  );
}

interface LayerThereProps {
  weights: Weights;
  name: string;
  readOnly: boolean;
  onChange: (weights: Weights) => void;
}

/** Which layer of the file or the run the values are taken of, where it has another name. */
function LayerThere({ weights, name, readOnly, onChange }: LayerThereProps) {
  const { t } = useTranslation("weights");
  const files = useWeightsFiles();
  const trained = useRunLayers(weights.id, weights.source === "run");
  const contents = files.data?.find(
    (file) => weights.source === "upload" && file.id === weights.id,
  )?.contents;
  if (contents?.kind === "vectors") return null;
  const layers = contents?.layers ?? trained.data ?? [];
  const offered = new Set(layers.map((layer) => layer.name));
  if (weights.layer) offered.add(weights.layer);
  return (
    <Select
      mt={6}
      size="xs"
      label={t("there")}
      placeholder={t("sameName", { name })}
      value={weights.layer || null}
      clearable
      searchable
      limit={100}
      readOnly={readOnly}
      data={[...offered]}
      nothingFoundMessage={t("noLayer")}
      onChange={(layer) => onChange({ ...weights, layer: layer ?? "" })}
      data-testid="weights-layer"
    />
  );
}
