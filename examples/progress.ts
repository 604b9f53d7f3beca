/** Tells what goes on: while an image is made ready, while a VM boots, and while a command works. */
import { subscribe } from "node:diagnostics_channel";
import { Sandbox, VirtContainers } from "virtcontainers";

const vc = new VirtContainers();

// 1. An image: that of a registry is downloaded and unpacked layer by layer; `busybox` comes with the guest's files.
const image = process.argv[2] ?? "busybox";
const { sizeBytes } = await vc.images.ensure(image, {
  onProgress: ({ phase, layer = "", completedBytes = 0, totalBytes = 0 }) => {
    console.log(`image: ${phase} ${layer.slice(0, 19)} ${completedBytes} of ${totalBytes}`);
  },
});
console.log(`image: ${image} has ${sizeBytes} bytes`);

// 2. The steps of a create, as every part of the library publishes them.
subscribe("virtcontainers:phase", (message) => {
  if (typeof message === "object" && message !== null && "phase" in message) {
    console.log(`create: ${message.phase}`);
  }
});
await using sandbox = await Sandbox.create({ image });

// 3. A command that says how far it is.
const work = 'for done in 25 50 75 100; do echo "$done %"; done; echo result >&2';
const command = sandbox.exec(["sh", "-c", work], { check: true });
for await (const line of command.lines()) {
  const percent = Number.parseInt(line, 10);
  console.log(`${"#".repeat(percent / 5).padEnd(20, ".")} ${line}`);
}
console.log("it made:", (await command).stderr.trim());

// 4. A large file on its way in: count what has been taken.
let sent = 0;
async function* pieces() {
  const piece = Buffer.alloc(256 * 1024);
  for (let index = 0; index < 8; index++) {
    yield piece;
    sent += piece.length;
  }
}
await sandbox.files.write("/large", pieces());
const stat = await sandbox.files.stat("/large");
console.log(`sent ${sent} bytes, and there are ${stat.sizeBytes}`);
