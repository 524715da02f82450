/** Browsers read the address after the click; some of them only when the person has chosen a folder. */
const KEPT_MS = 60_000;

/** Hand the browser a file to keep. */
export function saveBlob(filename: string, content: Blob): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = address;
  link.download = filename;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), KEPT_MS);
}

/** Hand the browser a text to keep as a file. */
export function saveText(filename: string, text: string, type: string): void {
  saveBlob(filename, new Blob([text], { type }));
}
