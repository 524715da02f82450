import { createBrowserRouter, redirect } from "react-router";
import { NotFoundPage } from "./NotFoundPage";
import { PageError } from "./PageError";
import { Shell } from "./Shell";

export const router = createBrowserRouter([
  {
    element: <Shell />,
    hydrateFallbackElement: <span />,
    errorElement: <PageError />,
    children: [
      {
        errorElement: <PageError />,
        children: [
          { index: true, lazy: async () => ({ Component: (await import("./DesignsPage")).DesignsPage }) },
          { path: "designs", loader: () => redirect("/") },
          {
            path: "designs/:id",
            lazy: async () => ({ Component: (await import("./EditorPage")).EditorPage }),
          },
          {
            path: "designs/:id/runs/:runId?",
            lazy: async () => ({ Component: (await import("./RunsPage")).RunsPage }),
          },
          {
            path: "gallery",
            lazy: async () => ({ Component: (await import("./GalleryPage")).GalleryPage }),
          },
          {
            path: "datasets/:name?",
            lazy: async () => ({ Component: (await import("./DatasetsPage")).DatasetsPage }),
          },
          { path: "*", element: <NotFoundPage /> },
        ],
      },
    ],
  },
]);
