import { useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router";
import { ActionProvider } from "@/actions";
import { type DesignDetail, toApiError, useDesign } from "@/api";
import { DesignProvider } from "@/document";
import { Editor } from "./editor/Editor";
import { FailedPage } from "./FailedPage";

/** A design, open for drawing and training. */
export function EditorPage() {
  const { id = "" } = useParams();
  const design = useDesign(id);
  if (design.error && !design.data) {
    return <FailedPage error={toApiError(design.error)} onRetry={() => void design.refetch()} />;
  }
  return design.data ? <OpenDesign key={id} design={design.data} /> : null;
}

function OpenDesign({ design }: { design: DesignDetail }) {
  return (
    <DesignProvider designId={design.id} canEdit={design.role !== "viewer"}>
      <WithActions design={design} />
    </DesignProvider>
  );
}

function WithActions({ design }: { design: DesignDetail }) {
  const { t } = useTranslation("actions");
  const navigate = useNavigate();
  const { setColorScheme } = useMantineColorScheme();
  const shown = useComputedColorScheme("light");
  const host = useMemo(
    () => ({
      toggleTheme: () => setColorScheme(shown === "dark" ? "light" : "dark"),
      openRuns: () => void navigate(`/designs/${design.id}/runs`),
      openVersions: () => press("versions-open"),
      openShare: () => press("share-open"),
      notify: (key: string) => notifications.show({ message: t(key), autoClose: 5_000 }),
      tell: (message: string) => notifications.show({ message, autoClose: 6_000 }),
    }),
    [shown, setColorScheme, navigate, design.id, t],
  );
  return (
    <ActionProvider host={host}>
      <Editor design={design} />
    </ActionProvider>
  );
}

/** Those dialogs belong to their buttons. */
function press(testId: string): void {
  document.querySelector<HTMLElement>(`[data-testid="${testId}"]`)?.click();
}
