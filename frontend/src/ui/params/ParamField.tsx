import { BooleanField, ChoiceField, DtypeField, PythonField, StringsField } from "./ChoiceFields";
import { DraftField } from "./DraftField";
import type { FieldProps } from "./field";
import { GraphField } from "./GraphField";
import { LayerField, LayersField } from "./LayerFields";
import { ObjectField } from "./ObjectField";
import { SizeField } from "./SizeField";

/** The widget of a parameter; the kinds are a closed list, and a new one does not compile until it has a widget. */
export function ParamField(props: FieldProps) {
  const { kind } = props.spec;
  switch (kind) {
    case "integer":
    case "number":
    case "text":
    case "shape":
    case "axis":
    case "numbers":
    case "expression":
      return <DraftField {...props} />;
    case "json":
      return <DraftField {...props} multiline />;
    case "boolean":
      return <BooleanField {...props} />;
    case "choice":
      return <ChoiceField {...props} />;
    case "size":
      return <SizeField {...props} />;
    case "strings":
      return <StringsField {...props} />;
    case "dtype":
      return <DtypeField {...props} />;
    case "object":
      return <ObjectField {...props} />;
    case "layer":
      return <LayerField {...props} />;
    case "layers":
      return <LayersField {...props} />;
    case "graph":
      return <GraphField {...props} />;
    case "python":
      return <PythonField {...props} />;
    default:
      return unknownKind(kind);
  }
}

function unknownKind(kind: never): never {
  throw new Error(`A parameter kind without a widget: ${String(kind)}.`);
}
