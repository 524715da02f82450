import { useTranslation } from "react-i18next";
import { useDatasets } from "@/api";

/** Names data as the list of data sets does; an uploaded table that is gone, or that a visitor may not see, has no name. */
export function useDatasetTitle(): (name: string) => string {
  const { t } = useTranslation("common");
  const { data } = useDatasets();
  return (name) => {
    const title = data?.find((dataset) => dataset.name === name)?.title;
    return title ?? (name.startsWith("upload:") ? t("uploadedTable") : name);
  };
}
