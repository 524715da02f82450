import type { ReactNode } from "react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useSelection } from "@/actions";
import { useCatalog } from "@/catalog";
import { useCommands, useDocumentSelector } from "@/document";
import { type DesignChoices, DesignChoicesContext } from "@/ui/params";
import { DesignOverview } from "./DesignOverview";
import { DiagnosedDesign } from "./Diagnosed";
import classes from "./inspector.module.css";
import { LayerInspector } from "./LayerInspector";
import { SeveralInspector } from "./SeveralInspector";

interface InspectorProps {
  /** Where the values of a layer come from, by the id of the layer. */
  weights?: (layer: string) => ReactNode;
}

/** The graphs and layers that a parameter of the layer `selected` may name: all but that layer itself. */
function useDesignChoices(selected: string | undefined): DesignChoices {
  const graphs = useDocumentSelector((content) => content.graphs);
  const layers = useDocumentSelector((content) => content.layers);
  return useMemo(
    () => ({
      graphs: Object.entries(graphs).map(([id, { name }]) => ({ id, name })),
      layers: Object.entries(layers)
        .filter(([id]) => id !== selected)
        .map(([id, { name, class_name }]) => ({ id, name, className: class_name })),
    }),
    [graphs, layers, selected],
  );
}

/** The form of what is selected: a layer, several layers, or the design as a whole. */
export function Inspector({ weights }: InspectorProps) {
  const { t } = useTranslation("inspector");
  const { endGesture } = useCommands();
  const selected = useSelection((selection) => selection.nodes);
  const nodes = useDocumentSelector((content) => content.nodes);
  useCatalog();
  const present = selected.filter((id) => id in nodes);
  const [first] = present;
  const choices = useDesignChoices(nodes[first ?? ""]?.layer);
  return (
    <section
      className={classes.inspector}
      aria-label={t("title")}
      data-testid="inspector"
      onBlur={() => endGesture()}
    >
      <DesignChoicesContext value={choices}>
        <DiagnosedDesign>
          {first === undefined ? (
            <DesignOverview />
          ) : present.length === 1 ? (
            <LayerInspector key={first} node={first} weights={weights} />
          ) : (
            <SeveralInspector key={present.join(" ")} nodes={present} />
          )}
        </DiagnosedDesign>
      </DesignChoicesContext>
    </section>
  );
}
