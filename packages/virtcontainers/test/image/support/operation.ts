import { createHost } from "../../../src/host/real.ts";
import { createImages } from "../../../src/image/store.ts";

/** What inChild() runs; prints the image's digest, or the error's code and message. */
const [dataDir = "", verb = "", argument = ""] = process.argv.slice(2);
const images = createImages({ host: createHost(), dataDir, registries: { retryDelayMs: 10 } });
const operations: Record<string, () => Promise<{ digest: string }>> = {
  pull: () => images.pull(argument),
  import: () => images.import(argument),
  remove: () => images.remove(argument),
};

try {
  const image = await operations[verb]?.();
  process.stdout.write(image?.digest ?? "");
} catch (error) {
  process.exitCode = 1;
  process.stdout.write(error instanceof Error ? error.message : String(error));
}
