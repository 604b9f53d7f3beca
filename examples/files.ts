/** Files in and out: texts, streams, folders, and what a command has made of them. */
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isVirtError, Sandbox } from "virtcontainers";

await using sandbox = await Sandbox.create();
const { files } = sandbox;

// A text; the folders on the way are made.
await files.write("/data/in/config.json", JSON.stringify({ columns: [1] }));

// What is made piece by piece, with only a piece of it in memory.
async function* table() {
  for (let row = 1; row <= 1000; row++) yield `${row},${row * row}\n`;
}
await files.write("/data/in/table.csv", table(), { mode: 0o600 });

await sandbox.sh`cut -d , -f 2 /data/in/table.csv | gzip > /data/squares.gz`;

for (const { path, kind, sizeBytes } of await files.list("/data", { recursive: true })) {
  console.log(kind.padEnd(7), path, kind === "file" ? sizeBytes : "");
}

// Out again as a stream, with what the web has for streams.
const unpacked = files.readStream("/data/squares.gz").pipeThrough(new DecompressionStream("gzip"));
let lines = 0;
for await (const text of unpacked.pipeThrough(new TextDecoderStream())) {
  lines += text.split("\n").length - 1;
}
console.log(`${lines} squares`);

// Whole folders, both ways.
const here = await mkdtemp(join(tmpdir(), "files-"));
try {
  await writeFile(join(here, "note.txt"), "from the host\n");
  await files.upload(join(here, "note.txt"), "/data/in");
  await files.download("/data/in", join(here, "back"));
  console.log(`back: ${(await readdir(join(here, "back"))).sort().join(" ")}`);
} finally {
  await rm(here, { recursive: true });
}

await files.remove("/data", { recursive: true });
await files.read("/data/squares.gz").catch((error: unknown) => {
  if (!isVirtError(error, "FILE_NOT_FOUND")) throw error;
  console.log(error.message);
});
