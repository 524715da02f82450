/** One file in a zip archive; its bytes are read when asked for. */
export interface ZipEntry {
  name: string;
  bytes: number;
  read: () => Promise<Blob>;
}

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const END_BYTES = 22;
const LONGEST_COMMENT = 0xffff;
const STORED = 0;
const DEFLATED = 8;

/** The files of the zip archive `archive`, as its directory lists them; throws on anything else. */
export async function readZip(archive: Blob): Promise<ZipEntry[]> {
  const tail = await viewOf(archive.slice(Math.max(0, archive.size - END_BYTES - LONGEST_COMMENT)));
  let end = tail.byteLength - END_BYTES;
  while (end >= 0 && tail.getUint32(end, true) !== END) end -= 1;
  if (end < 0) throw new RangeError("This is no zip archive.");
  const count = tail.getUint16(end + 10, true);
  const start = tail.getUint32(end + 16, true);
  const directory = await viewOf(archive.slice(start, start + tail.getUint32(end + 12, true)));
  const entries: ZipEntry[] = [];
  let at = 0;
  for (let number = 0; number < count; number += 1) {
    if (directory.getUint32(at, true) !== ENTRY) throw new RangeError("The directory of this zip is broken.");
    const lengths = [28, 30, 32].map((field) => directory.getUint16(at + field, true));
    const [name = 0, extra = 0, comment = 0] = lengths;
    const method = directory.getUint16(at + 10, true);
    const packed = directory.getUint32(at + 20, true);
    const offset = directory.getUint32(at + 42, true);
    entries.push({
      name: new TextDecoder().decode(new Uint8Array(directory.buffer, directory.byteOffset + at + 46, name)),
      bytes: directory.getUint32(at + 24, true),
      read: () => unpack(archive, offset, packed, method),
    });
    at += 46 + name + extra + comment;
  }
  return entries;
}

async function unpack(archive: Blob, offset: number, packed: number, method: number): Promise<Blob> {
  const header = await viewOf(archive.slice(offset, offset + 30));
  const start = offset + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  const content = archive.slice(start, start + packed);
  if (method === STORED) return content;
  if (method !== DEFLATED) throw new RangeError("This zip is packed in a way that is not known.");
  return new Response(content.stream().pipeThrough(new DecompressionStream("deflate-raw"))).blob();
}

async function viewOf(blob: Blob): Promise<DataView> {
  return new DataView(await blob.arrayBuffer());
}
