import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { readGuestEvents } from "../../../packages/virtcontainers/src/journal/guest-log.ts";
import { readExits } from "../../../packages/virtcontainers/src/logs/exits.ts";
import { followLog } from "../../../packages/virtcontainers/src/logs/follow.ts";
import { StoredSandbox } from "../../../packages/virtcontainers/src/store/schema.ts";
import { mutate } from "../mutate.ts";
import { readSeeds } from "../seeds.ts";
import { type Target, typed } from "../target.ts";
import { TemporaryFolder } from "../temporary.ts";

const { signal } = new AbortController();

export const log: Target = {
  reads: "the log of a guest: output, ends of containers, events",
  async open() {
    const folder = await TemporaryFolder.make();
    const path = join(folder.path, "log.bin");
    const seeds = readSeeds("log");
    const state = readFileSync(new URL("../seeds/state/sandbox.json", import.meta.url), "utf8");
    const sandbox = v.parse(StoredSandbox, JSON.parse(state));
    const ids = sandbox.containers.map(({ id }) => id);
    return {
      async feed(random) {
        await writeFile(path, mutate(random, seeds));
        return await typed(async () => {
          const exits = await readExits(path, ids);
          if ([...exits.keys()].some((id) => !ids.includes(id))) throw new Error("a foreign end");
          const options = { follow: false, ended: Promise.resolve(), signal };
          for await (const { time } of followLog(path, random.pick(ids), options))
            time.toISOString();
          const progress = {
            marker: "m",
            offset: 0,
            exited: {},
            oomAt: {},
            health: {},
            ended: false,
          };
          const most = random.pick([1, 1000, 10_000_000]);
          for (let more = true, turns = 0; more && turns < 50; turns++) {
            ({ more } = await readGuestEvents(path, sandbox, progress, most));
          }
        });
      },
      async [Symbol.asyncDispose]() {
        await folder[Symbol.asyncDispose]();
      },
    };
  },
};
