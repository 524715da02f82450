export { TrainPanel } from "./TrainPanel";
