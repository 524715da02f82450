import { useTranslation } from "react-i18next";

/** Names a run: as it was called, else by its number. */
export function useRunName(): (run: { name: string; number: number }) => string {
  const { t } = useTranslation("runs");
  return (run) => run.name || t("name", { number: run.number });
}
