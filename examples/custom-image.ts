/** Makes an image of what a sandbox has become, and starts another sandbox from it. */
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { Sandbox, VirtContainers } from "virtcontainers";

const name = "greeter:1";
const { images } = new VirtContainers();

const folder = await mkdtemp(join(tmpdir(), "custom-image-"));
try {
  // What is slow or needs a network is done once, here: installing, compiling, fetching.
  const archive = join(folder, "root.tar");
  {
    await using sandbox = await Sandbox.create();
    const script = '#!/bin/sh\necho "hello, ${1:-world}, from $LEVEL"\n';
    await sandbox.files.write("/usr/local/bin/greet", script, { mode: 0o755 });

    const file = createWriteStream(archive);
    const write = (piece: Uint8Array) =>
      new Promise<void>((done, failed) => {
        file.write(piece, (error) => (error ? failed(error) : done()));
      });
    await sandbox.exportTar("main", "/.", write, { withoutMounts: true });
    await finished(file.end());
  }

  // The files say nothing of how they are run: that is the configuration.
  const image = await images.import(archive, {
    name,
    config: { env: ["PATH=/usr/local/bin:/bin", "LEVEL=an image"], workingDir: "/tmp" },
  });
  console.log(image.names.join(" "), image.config.workingDir);
} finally {
  await rm(folder, { recursive: true });
}

{
  await using sandbox = await Sandbox.create({ image: name, pull: "never" });
  const { stdout } = await sandbox.exec(["greet", "reader"], { check: true });
  console.log(stdout.trim());
}
await images.remove(name);
