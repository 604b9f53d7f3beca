import { createHost } from "../../../src/host/real.ts";

// Takes a lock, says so, and keeps it until it is killed.
const [path = "", mode] = process.argv.slice(2);
await createHost().locks.acquire(path, mode === "shared" ? "shared" : "exclusive", {
  create: true,
});
process.stdout.write("locked\n");
setInterval(() => {}, 60_000);
