import { useParams } from "react-router";
import { DatasetList } from "@/datasets/DatasetList";
import { DatasetView } from "@/datasets/DatasetView";

export function DatasetsPage() {
  const { name } = useParams();
  return name ? <DatasetView name={name} /> : <DatasetList />;
}
