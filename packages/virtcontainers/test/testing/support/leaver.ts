/** Deletes a sandbox whose programs still run, and one of them writes on; what goes wrong after that ends this process. */
import { EventEmitter, once } from "node:events";
import { createTestInstance } from "../../../src/testing/index.ts";

let written = 0;
const enough = new EventEmitter();
const instance = await createTestInstance({
  commands: {
    // It does not look at the signal, as a test's own command may not.
    chatter: ({ stdout }) =>
      new Promise(() => {
        setInterval(() => {
          stdout.write("still here\n").catch(() => {});
          if (++written % 50 === 0) enough.emit("written");
        }, 1);
      }),
  },
});
const cmd = { args: ["chatter"], detach: true };
const containers = [
  { id: "main", image: "busybox", cmd },
  { id: "other", image: "busybox", cmd: { args: ["sh", "-c", "sleep 1000"], detach: true } },
];
await instance.vc.runSandbox({ id: "box", containers });
const wrote = once(enough, "written");
await instance.vc.deleteSandbox("box", { force: true });
await instance[Symbol.asyncDispose]();
await wrote;
console.log("well");
process.exit();
