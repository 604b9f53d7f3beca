/** Checks what would be published of each package: that all of it is there, and with publint and attw. */
import { inScratch } from "./support/cache.ts";
import { filesIn, missingFiles, pack, published } from "./support/pack.ts";
import { bin } from "./support/paths.ts";
import { CommandError, run } from "./support/run.ts";

/** Neither the guest's files nor the program can be imported. */
const withoutTypes: ReadonlySet<string> = new Set(["guest-linux-x64", "virtc"]);

async function passes(what: string, program: string, args: readonly string[]): Promise<boolean> {
  try {
    await run(program, args);
    console.log(`ok: ${what}`);
    return true;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    console.log(`FAILED: ${what}\n${error.message}`);
    return false;
  }
}

const results = await inScratch(async (scratch) => {
  const checks: boolean[] = [];
  for (const name of published) {
    const archive = await pack(name, scratch);
    const missing = missingFiles(name, await filesIn(archive));
    console.log(
      missing.length === 0 ? `ok: files ${name}` : `FAILED: ${name} lacks ${missing.join(", ")}`,
    );
    checks.push(missing.length === 0);
    checks.push(await passes(`publint ${name}`, bin("publint"), ["--strict", archive]));
    if (withoutTypes.has(name)) continue;
    // ESM only, by design: CommonJS programs import() it, or require() it from Node.js 20.19 on.
    const args = ["--profile", "esm-only", "--no-color", archive];
    checks.push(await passes(`attw ${name}`, bin("attw"), args));
  }
  return checks;
});
process.exitCode = results.every(Boolean) ? 0 : 1;
