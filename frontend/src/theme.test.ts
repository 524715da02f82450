import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const SOURCE = import.meta.dirname;
const STYLES = readdirSync(SOURCE, { recursive: true, encoding: "utf8" }).filter((file) =>
  file.endsWith(".css"),
);

it("leaves the colour scheme to the theme that the person chose", () => {
  expect(STYLES).toContain("app.css");
  const fixed = STYLES.filter((file) =>
    /(^|[\s;{])color-scheme\s*:/.test(readFileSync(join(SOURCE, file), "utf8")),
  );
  expect(fixed).toEqual([]);
});
