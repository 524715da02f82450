import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { ApiError } from "@/api/errors";
import { keys } from "@/api/queryClient";
import "@/i18n";
import { Refused } from "./ImportDialog";

afterEach(cleanup);

const SCRIPT = new File(["import keras\n"], "steps.py");
const NOT_FOLLOWED = new ApiError(422, { code: "not_python", message: "This cannot be followed." });

interface Case {
  allowed?: boolean;
  tier?: "bubblewrap" | "none";
  error?: ApiError;
  tried?: boolean;
}

function show({ allowed = true, tier = "bubblewrap", error = NOT_FOLLOWED, tried = false }: Case) {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY } } });
  client.setQueryData(keys.session, {
    user: { id: "ada", name: "Ada" },
    workspace: { id: "w", name: "Ours", role: "editor", may_run_code: allowed },
    link: null,
  });
  client.setQueryData(keys.sandbox, { tier, reason: tier === "none" ? "No bubblewrap." : "" });
  const onRun = vi.fn();
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={client}>
        <Refused file={SCRIPT} error={error} onClose={() => undefined} onRun={tried ? null : onRun} />
      </QueryClientProvider>
    </MantineProvider>,
  );
  return onRun;
}

it("offers to run a script that cannot be followed, and says what that means", () => {
  const onRun = show({});
  expect(screen.getByTestId("import-run-note").textContent).toContain("All of it is then executed");
  fireEvent.click(screen.getByTestId("import-run"));
  expect(onRun).toHaveBeenCalledOnce();
});

it.each([
  ["the permission", { allowed: false }, "no permission to run code"],
  ["a sandbox", { tier: "none" as const }, "No bubblewrap."],
])("says why it is not run without %s", (_, given, reason) => {
  show(given);
  expect(screen.getByTestId("import-run-note").textContent).toContain(reason);
  expect(screen.queryByTestId("import-run")).toBeNull();
});

it.each([
  ["other files", { error: new ApiError(422, { code: "bad_archive", message: "This is no archive." }) }],
  ["a script that was run", { tried: true }],
])("offers nothing for %s", (_, given) => {
  show(given);
  expect(screen.queryByTestId("import-run-note")).toBeNull();
});
