import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import classes from "./designs.module.css";

const AROUND = 3;

/** The lines of a script around the one that could not be taken. */
export function ScriptFault({ file, line, column }: { file: File; line: number; column: number }) {
  const { t } = useTranslation("designs");
  const [lines, setLines] = useState<string[]>([]);
  useEffect(() => {
    let current = true;
    void file.text().then((text) => current && setLines(text.split(/\r?\n/)));
    return () => {
      current = false;
    };
  }, [file]);
  if (lines.length === 0) return null;
  const first = Math.max(1, line - AROUND);
  return (
    <section aria-label={t("import.place", { line })} data-testid="import-script">
      <pre className={classes.script}>
        {lines.slice(first - 1, line + AROUND).map((text, index) => {
          const number = first + index;
          return (
            <span key={number} data-fault={number === line || undefined}>
              <i>{number}</i>
              {number === line && column > 0 ? (
                <>
                  {text.slice(0, column)}
                  <mark>{text.slice(column) || " "}</mark>
                </>
              ) : (
                text
              )}
            </span>
          );
        })}
      </pre>
    </section>
  );
}
