import "@mantine/core/styles.css";
import "@/app.css";
import "@/i18n";
import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { createRoot } from "react-dom/client";
import { ActionProvider } from "@/actions";
import { queryClient } from "@/api";
import { Canvas } from "@/canvas/Canvas";
import { type Catalog, setCatalog } from "@/catalog";
import { DesignDocument, DesignProvider } from "@/document";
import { cssVariables, theme } from "@/theme";
import catalog from "../../app/catalog/catalog.json";
import { network } from "./network";
import { PlainCanvas } from "./PlainCanvas";

const search = new URLSearchParams(location.search);
const { content, analysis } = network(Number(search.get("nodes") ?? 500));
const plain = search.get("canvas") === "plain";
const scheme = search.get("scheme") === "dark" ? "dark" : "light";

const host = {
  toggleTheme: () => undefined,
  openRuns: () => undefined,
  openVersions: () => undefined,
  openShare: () => undefined,
  notify: () => undefined,
  tell: () => undefined,
};

function Ours() {
  const design = DesignDocument.local(content as never);
  queryClient.setQueryData(["catalog"], setCatalog(catalog as unknown as Catalog));
  return (
    <QueryClientProvider client={queryClient}>
      <DesignProvider designId="local" canEdit document={design}>
        <ActionProvider host={host}>
          <Canvas analysis={analysis} quickAdd={() => null} empty={null} />
        </ActionProvider>
      </DesignProvider>
    </QueryClientProvider>
  );
}

createRoot(document.getElementById("root") as HTMLElement).render(
  <MantineProvider theme={theme} cssVariablesResolver={cssVariables} forceColorScheme={scheme}>
    {plain ? <PlainCanvas content={content} analysis={analysis} /> : <Ours />}
  </MantineProvider>,
);
