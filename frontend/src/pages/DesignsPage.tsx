import { DesignList } from "@/designs/DesignList";

export function DesignsPage() {
  return <DesignList />;
}
