import i18next from "i18next";
import { initReactI18next } from "react-i18next";

type Words = Record<string, unknown>;

const files = import.meta.glob<Words>("./en/*.json", { eager: true, import: "default" });

/** One namespace per file: `en/designs.json` is the namespace `designs`. */
const english = Object.fromEntries(
  Object.entries(files).map(([file, words]) => [file.replace(/^.*\/(\w+)\.json$/, "$1"), words]),
);

void i18next.use(initReactI18next).init({
  lng: "en",
  fallbackLng: "en",
  resources: { en: english },
  defaultNS: "common",
  interpolation: { escapeValue: false },
  returnNull: false,
});

export default i18next;
