import { create } from "zustand";
import { createJSONStorage, persist } from "zustand/middleware";

export type CodeTab = "design" | "own";

interface CodeView {
  open: boolean;
  tab: CodeTab;
  /** Pixels. */
  width: number;
  /** The piece of own code that is open for writing. */
  piece: string | null;
}

/** How the code stands beside the canvas; this browser remembers it. */
export const useCodeView = create<CodeView>()(
  persist((): CodeView => ({ open: false, tab: "design", width: 480, piece: null }), {
    name: "layerloom.code",
    storage: createJSONStorage(() => localStorage),
    partialize: ({ open, tab, width }) => ({ open, tab, width }),
  }),
);

export function toggleCode(): void {
  useCodeView.setState(({ open }) => ({ open: !open }));
}

/** Open a piece of own code for writing; with null, the list of them. */
export function showOwnCode(piece: string | null): void {
  useCodeView.setState({ open: true, tab: "own", piece });
}
