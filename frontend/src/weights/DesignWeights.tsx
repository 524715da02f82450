import { Text, UnstyledButton } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { focusNode } from "@/actions";
import { useDiagnostics } from "@/api";
import { toApiError } from "@/api/errors";
import { useWeightsStart } from "@/api/weights";
import {
  MODEL,
  useCanEdit,
  useCommands,
  useDesignDocument,
  useDocumentSelector,
  useTraining,
} from "@/document";
import { SourcePicker } from "./SourcePicker";
import { UploadedFiles } from "./UploadedFiles";
import classes from "./weights.module.css";

/** Values that the whole design starts from, and which layers keep them. */
export function DesignWeights() {
  const { t } = useTranslation("weights");
  const { weights } = useTraining();
  const commands = useCommands();
  const canEdit = useCanEdit();
  return (
    <div data-testid="design-weights">
      <SourcePicker
        label={t("design")}
        value={weights}
        readOnly={!canEdit}
        testId="design-weights-source"
        onChange={(value) => {
          commands.setTraining(["weights"], value && { ...value });
          commands.endGesture();
        }}
      />
      {canEdit && <UploadedFiles />}
      <Start />
    </div>
  );
}

function Start() {
  const { t } = useTranslation("weights");
  const design = useDesignDocument();
  const { weights } = useTraining();
  const some = useDocumentSelector(({ layers }) =>
    Object.values(layers).some((layer) => layer.weights !== null),
  );
  const { digest } = useDiagnostics(design.id);
  const start = useWeightsStart(design.id, digest, weights !== null || some);
  if (!weights && !some) return null;
  if (start.error) {
    return (
      <Text size="xs" c="red" mt={4}>
        {toApiError(start.error).message}
      </Text>
    );
  }
  if (!start.data) return null;
  const { layers, nodes } = design.snapshot.content;
  const { kept } = start.data;
  const afresh = start.data.layers.filter(
    ({ layer, start }) => start === "afresh" && layers[layer]?.class_name !== MODEL,
  );
  const show = (layer: string) => {
    const call = Object.keys(nodes).find((node) => nodes[node]?.layer === layer);
    if (call) focusNode(call);
  };
  return (
    <>
      <Text size="xs" mt={6} role="status" data-testid="weights-start" data-kept={kept}>
        {t("summary", { kept, total: kept + afresh.length })}
      </Text>
      {afresh.length > 0 && (
        <details className={classes.afresh}>
          <summary>{t("afreshCount", { count: afresh.length })}</summary>
          <ul>
            {afresh.map((layer) => (
              <li key={layer.layer}>
                <UnstyledButton fz="xs" fw={600} onClick={() => show(layer.layer)}>
                  {layer.name}
                </UnstyledButton>
                <Text size="xs" c="dimmed">
                  {layer.why}
                </Text>
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}
