import { notifications } from "@mantine/notifications";
import type { ErrorWords } from "./ErrorView";

/** Show a failure until it is read: what happened, then what to do. */
export function notifyError(error: ErrorWords): void {
  const parts = [error.expected, error.received, error.hint].filter(Boolean);
  notifications.show({ color: "red", title: error.message, message: parts.join(" · "), autoClose: 12_000 });
}

export function notifyDone(message: string): void {
  notifications.show({ message, autoClose: 3_000 });
}
