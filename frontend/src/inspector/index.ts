export { Inspector } from "./Inspector";
export { NODE_COLORS } from "./NodeNote";
export { ProblemsPanel } from "./ProblemsPanel";
