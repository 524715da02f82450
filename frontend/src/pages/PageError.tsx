import { useRouteError } from "react-router";
import { CrashView } from "@/ui/CrashView";

/** What a page that failed to load or to draw says. */
export function PageError() {
  const thrown = useRouteError();
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  return <CrashView error={error} onRetry={() => window.location.reload()} />;
}
