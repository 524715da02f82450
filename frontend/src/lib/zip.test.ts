// @vitest-environment node
import { expect, it } from "vitest";
import { readZip } from "./zip";

/** Made by Python's zipfile: `a.txt` stored, `b/c.txt` deflated ("x" * 200), and a comment. */
const ARCHIVE =
  "UEsDBBQAAAAAAAAAIQCGphA2BQAAAAUAAAAFAAAAYS50eHRoZWxsb1BLAwQUAAAACAAAACEApmvLfgYAAADIAAAABwAAAGIvYy50eHSrqBgeAABQSwECFAMUAAAAAAAAACEAhqYQNgUAAAAFAAAABQAAAAAAAAAAAAAAgAEAAAAAYS50eHRQSwECFAMUAAAACAAAACEApmvLfgYAAADIAAAABwAAAAAAAAAAAAAAgAEoAAAAYi9jLnR4dFBLBQYAAAAAAgACAGgAAABTAAAADwBtYWRlIGZvciBhIHRlc3Q=";

function archive(): Blob {
  return new Blob([Buffer.from(ARCHIVE, "base64")]);
}

it("reads what is stored and what is packed", async () => {
  const entries = await readZip(archive());
  expect(entries.map(({ name, bytes }) => [name, bytes])).toEqual([
    ["a.txt", 5],
    ["b/c.txt", 200],
  ]);
  const texts = await Promise.all(entries.map(async (entry) => (await entry.read()).text()));
  expect(texts).toEqual(["hello", "x".repeat(200)]);
});

it.each(["", "PK", "no archive at all, just some text"])("refuses %j", async (text) => {
  await expect(readZip(new Blob([text]))).rejects.toThrow("no zip");
});
