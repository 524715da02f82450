import { MantineProvider } from "@mantine/core";
import { fireEvent, render, waitFor } from "@testing-library/react";
import { type ReactElement, useState } from "react";
import type { JsonObject, JsonValue, ParamSpec } from "@/catalog";
import { theme } from "@/theme";
import "@/i18n";
import { DesignChoicesContext } from "./choices";
import { ParamForm, type ParamFormProps } from "./ParamForm";
import { withoutValue, withValue } from "./values";

// The DOM of the tests has no fonts; text areas wait for them to grow.
if (!("fonts" in document)) Object.defineProperty(document, "fonts", { value: new EventTarget() });

const CHOICES = {
  graphs: [{ id: "g1", name: "encoder" }],
  layers: [{ id: "l1", name: "tower", className: "Dense" }],
};

/** Render with what the app puts around every page, without transitions and portals. */
export function renderUi(element: ReactElement) {
  return render(element, {
    wrapper: ({ children }) => (
      <MantineProvider theme={theme} env="test">
        <DesignChoicesContext value={CHOICES}>{children}</DesignChoicesContext>
      </MantineProvider>
    ),
  });
}

interface Held {
  stored: JsonObject;
  changes: number;
  set: (values: JsonObject) => void;
}

interface HeldFormProps extends Partial<ParamFormProps> {
  specs: ParamSpec[];
  first: JsonObject;
  held: Held;
}

function HeldForm({ first, held, ...props }: HeldFormProps) {
  const [values, setValues] = useState(first);
  held.stored = values;
  held.set = setValues;
  function keep(change: (before: JsonObject) => JsonObject) {
    held.changes += 1;
    setValues(change);
  }
  return (
    <ParamForm
      values={values}
      onSet={(path: string[], value: JsonValue) => keep((before) => withValue(before, path, value))}
      onUnset={(path: string[]) => keep((before) => withoutValue(before, path))}
      {...props}
    />
  );
}

/** A form over values of its own, which keeps what it stores; `log.stored` is what stands there now. */
export function renderForm(specs: ParamSpec[], first: JsonObject = {}, props: Partial<ParamFormProps> = {}) {
  const log: Held = { stored: first, changes: 0, set: () => undefined };
  return { ...renderUi(<HeldForm {...props} specs={specs} first={first} held={log} />), log };
}

/** Open the list of a select and click the option whose text begins with the word `name`. */
export async function pickOption(field: HTMLElement, name: string) {
  fireEvent.click(field);
  const option = await waitFor(() => {
    const list = document.getElementById(field.getAttribute("aria-controls") ?? "") ?? document.body;
    const options = [...list.querySelectorAll<HTMLElement>("[role=option]")];
    const found = options.find(
      (item) => item.querySelector("p")?.textContent === name || item.textContent === name,
    );
    if (!found) throw new Error(`There is no option ${name}.`);
    return found;
  });
  fireEvent.click(option);
}
