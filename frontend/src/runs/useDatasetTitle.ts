import { useTranslation } from "react-i18next";
import { useDatasets } from "@/api";

/** Names the data of a run as the list of data sets does; an uploaded table that is gone has no name any more. */
export function useDatasetTitle(): (name: string) => string {
  const { t } = useTranslation("runs");
  const { data } = useDatasets();
  return (name) => {
    const title = data?.find((dataset) => dataset.name === name)?.title;
    return title ?? (name.startsWith("upload:") ? t("uploadedTable") : name);
  };
}
