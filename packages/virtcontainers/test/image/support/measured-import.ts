import { createHost } from "../../../src/host/real.ts";
import { createImages } from "../../../src/image/store.ts";

/** Imports a file and prints how that went, how often the event loop had a turn, and the most memory it took. */
const [dataDir = "", path = ""] = process.argv.slice(2);
const images = createImages({ host: createHost(), dataDir });
let turns = 0;
const counted = setInterval(() => turns++, 1);
const before = process.resourceUsage().maxRSS;
const result = await images.import(path, { name: "bomb:1" }).then(
  () => ({ code: "OK", message: "" }),
  (error: Error & { code?: string }) => ({
    code: error.code ?? error.name,
    message: error.message,
  }),
);
clearInterval(counted);
const grownMiB = (process.resourceUsage().maxRSS - before) / 1024;
process.stdout.write(JSON.stringify({ ...result, turns, grownMiB }));
