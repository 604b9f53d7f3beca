/**
 * Runs end-to-end tests on newer releases of Debian, each in a folder made with debootstrap: the same kernel, but
 * their QEMU, virtiofsd and tools. Needs root; the folders stay in the cache.
 */
import { parseArgs } from "node:util";
import { buildForeignGuest } from "../guest/image/guest.ts";
import {
  type DebianHost,
  hostFolder,
  hosts,
  onHost,
  versions,
} from "./support/debian-host/host.ts";
import { createProgress } from "./support/progress.ts";
import { runHere } from "./support/run-here.ts";
import type { Suite } from "./support/run-suites.ts";
import { vitest } from "./support/suites.ts";

/** What differs between hosts: QEMU's and virtiofsd's options and programs, and the tools beside them. */
const telling = ["smoke", "volumes", "cli", "programs", "faults", "users"];

const { values, positionals } = parseArgs({
  options: {
    host: { type: "string", multiple: true, default: [...hosts] },
    kernel: { type: "boolean", default: false },
  },
  allowPositionals: true,
});

function isHost(name: string): name is DebianHost {
  return hosts.some((host) => host === name);
}

function tests(host: DebianHost): Suite {
  const chosen = positionals.length > 0 ? positionals : telling;
  const files = chosen.map((name) => `test/${name}.test.ts`);
  return {
    title: `${chosen.join(", ")} on Debian's ${host}`,
    run: async () => {
      const folder = await hostFolder(host, createProgress());
      console.log(`${host}: ${await versions(folder)}`);
      return await vitest("e2e", files, {}, onHost(folder));
    },
  };
}

/** The guest with the kernel of that release, as its users build it: smoke tests on it. */
function ownKernel(host: DebianHost): Suite {
  return {
    title: `smoke on Debian's ${host}, with its own kernel in the guest`,
    run: async () => {
      const folder = await hostFolder(host, createProgress());
      const guest = await buildForeignGuest(createProgress(), folder, `guest-${host}`);
      const env = { VIRTC_KERNEL: "debian", VIRTC_GUEST_DIR: guest };
      return await vitest("e2e", ["test/smoke.test.ts"], env, onHost(folder));
    },
  };
}

const wrong = values.host.find((name) => !isHost(name));
if (wrong !== undefined) throw new Error(`--host ${wrong}: it must be ${hosts.join(" or ")}`);
if (process.getuid?.() !== 0) throw new Error("folders of a release are made and entered as root");
const chosen = values.host.filter(isHost);
const kernels = positionals.length === 0 || values.kernel ? chosen.map(ownKernel) : [];
await runHere([...(values.kernel ? [] : chosen.map(tests)), ...kernels]);
