import { showOwnCode } from "@/actions/codeView";
import { ImportReportButton } from "@/designs/ImportReportButton";
import { mapEdits, wantedClass } from "@/designs/placeholders";
import { useDesignDocument } from "@/document";
import { newId } from "@/document/names";

/** The report of the import, from which a placeholder becomes a class of own code in one step. */
export function ImportReport() {
  const design = useDesignDocument();
  const write = async (layer: string) => {
    const { ownLayer } = await import("@/code/templates");
    const { content } = design.snapshot;
    const taken = new Set(Object.values(content.code).map((piece) => piece.name));
    const piece = ownLayer(wantedClass(content, layer), taken);
    const id = newId();
    design.commands.applyEdits([
      { op: "set", path: ["code", id], value: { ...piece } },
      ...mapEdits(content, layer, piece.name),
    ]);
    design.commands.endGesture();
    showOwnCode(id);
  };
  return <ImportReportButton onWrite={(layer) => void write(layer)} />;
}
