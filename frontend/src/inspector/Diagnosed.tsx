import { createContext, type ReactNode, useContext } from "react";
import { type DiagnosticsView, useDiagnostics } from "@/api";
import { useDesignDocument } from "@/document";

const Diagnosed = createContext<DiagnosticsView | null>(null);

/** Follows the diagnostics of the open design for everything below, with one socket whatever is selected. */
export function DiagnosedDesign({ children }: { children: ReactNode }) {
  const design = useDesignDocument();
  return <Diagnosed value={useDiagnostics(design.id)}>{children}</Diagnosed>;
}

/** What Keras said last of the open design. Throws outside of a DiagnosedDesign. */
export function useDiagnosed(): DiagnosticsView {
  const view = useContext(Diagnosed);
  if (!view) throw new Error("useDiagnosed needs a DiagnosedDesign above it.");
  return view;
}
