import { createContext, type ReactNode, useContext, useEffect, useState, useSyncExternalStore } from "react";
import type { Commands } from "./commands";
import { DesignDocument, type DesignStatus, type SaveState } from "./design";
import type { DesignContent, LayerInstance, Meta, NodeCall, Training } from "./model";

const DesignContext = createContext<DesignDocument | null>(null);

interface DesignProviderProps {
  designId: string;
  canEdit: boolean;
  children: ReactNode;
  /** A document that is already open: fixtures and tests. */
  document?: DesignDocument;
}

/** Opens a design for the components below it, and opens it anew when the server replaced it. */
export function DesignProvider({ designId, canEdit, children, document }: DesignProviderProps) {
  const [generation, setGeneration] = useState(0);
  const [opened, setOpened] = useState<DesignDocument | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new generation opens the design again
  useEffect(() => {
    if (document) return;
    const onReplaced = () => setGeneration((number) => number + 1);
    const design = DesignDocument.open(designId, { canEdit, onReplaced });
    setOpened(design);
    return () => design.destroy();
  }, [designId, canEdit, document, generation]);
  const design = document ?? opened;
  return design ? <DesignContext value={design}>{children}</DesignContext> : null;
}

/** The open design. Throws outside of a DesignProvider. */
export function useDesignDocument(): DesignDocument {
  const design = useContext(DesignContext);
  if (!design) throw new Error("useDesignDocument needs a DesignProvider above it.");
  return design;
}

export function useCommands(): Commands {
  return useDesignDocument().commands;
}

/** A value of the document; `select` must return the same object for the same content. */
export function useDocumentSelector<T>(select: (content: DesignContent) => T): T {
  const { snapshot } = useDesignDocument();
  return useSyncExternalStore(snapshot.subscribe, () => select(snapshot.content));
}

/** The ids of all nodes; the same array until a node comes or goes. */
export function useNodeIds(): string[] {
  const { snapshot } = useDesignDocument();
  return useSyncExternalStore(snapshot.subscribe, () => snapshot.nodeIds);
}

export function useNode(id: string): NodeCall | undefined {
  return useDocumentSelector((content) => content.nodes[id]);
}

/** The layer instance with the id `id`. */
export function useLayer(id: string | undefined): LayerInstance | undefined {
  return useDocumentSelector((content) => (id === undefined ? undefined : content.layers[id]));
}

/** The layer that the node `id` calls. */
export function useLayerOfNode(id: string): LayerInstance | undefined {
  return useDocumentSelector((content) => content.layers[content.nodes[id]?.layer ?? ""]);
}

export function useTraining(): Training {
  return useDocumentSelector((content) => content.training);
}

export function useMeta(): Meta {
  return useDocumentSelector((content) => content.meta);
}

export function useDesignStatus(): DesignStatus {
  const design = useDesignDocument();
  return useSyncExternalStore(design.subscribe, () => design.status);
}

/** "saved" only when the server has told that every edit of this browser is durable. */
export function useSaveState(): SaveState {
  const design = useDesignDocument();
  return useSyncExternalStore(design.subscribe, () => design.status.save);
}

export function useCanEdit(): boolean {
  const design = useDesignDocument();
  return useSyncExternalStore(design.subscribe, () => design.status.canEdit);
}

export function useCanUndo(): boolean {
  const { history } = useDesignDocument();
  return useSyncExternalStore(history.subscribe, history.canUndo);
}

export function useCanRedo(): boolean {
  const { history } = useDesignDocument();
  return useSyncExternalStore(history.subscribe, history.canRedo);
}
