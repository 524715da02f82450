import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import type { ReactElement } from "react";
import { MemoryRouter } from "react-router";
import { afterEach, expect, it } from "vitest";
import { keys } from "@/api/queryClient";
import type { DesignSummary, LatestRun, Session } from "@/api/types";
import "@/i18n";
import { DesignList } from "./DesignList";
import { ExportDialog } from "./ExportDialog";

afterEach(cleanup);

const ADA = { id: "ada", name: "Ada" };
const MEMBER: Session = {
  user: ADA,
  workspace: { id: "w", name: "Ours", role: "owner", may_run_code: true },
  link: null,
};
const VISITOR: Session = { user: null, workspace: null, link: { design_id: "one", role: "viewer" } };

function design(id: string): DesignSummary {
  const day = "2026-11-01T00:00:00Z";
  const empty = { nodes: 0, parameters: null, thumbnail: null };
  return { id, name: id, role: "owner", owner: ADA, created_at: day, updated_at: day, ...empty };
}

function show(element: ReactElement, session: Session, runs: LatestRun[] = []) {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY } } });
  client.setQueryData(keys.session, session);
  client.setQueryData(keys.designs, [design("one"), design("two")]);
  client.setQueryData(keys.latestRuns, runs);
  client.setQueryData(keys.runs("one"), []);
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={client}>
        <MemoryRouter>{element}</MemoryRouter>
      </QueryClientProvider>
    </MantineProvider>,
  );
}

it("shows on each card how its last run went", () => {
  show(<DesignList />, MEMBER, [{ design_id: "two", id: "r", number: 3, state: "finished" }]);
  expect(within(screen.getByTestId("design-two")).getByText("Finished")).toBeTruthy();
  expect(within(screen.getByTestId("design-one")).queryByText("Finished")).toBeNull();
});

it.each([
  [
    "a member",
    MEMBER,
    ["keras", "h5", "weights", "json", "python", "notebook", "savedmodel", "onnx", "litert"],
  ],
  ["a visitor", VISITOR, []],
] as const)("offers %s what they may take along", async (_, session, built) => {
  show(<ExportDialog designId="one" designName="One" savePicture={() => undefined} />, session);
  fireEvent.click(screen.getByTestId("export-open"));
  const formats = within(await screen.findByRole("navigation")).getAllByRole("button");
  const pictures = built.length > 0 ? ["plot_svg", "plot_png", "summary"] : [];
  expect(formats.map((item) => item.getAttribute("data-testid"))).toEqual(
    [...built, "canvas_svg", "canvas_png", ...pictures, "design"].map((format) => `export-${format}`),
  );
});

it("hands out the design file at once", async () => {
  show(<ExportDialog designId="one" designName="One" />, VISITOR);
  fireEvent.click(screen.getByTestId("export-open"));
  const download = await screen.findByTestId("export-start");
  expect(download.getAttribute("href")).toBe("/api/designs/one/export?format=design");
});
