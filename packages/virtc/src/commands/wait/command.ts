import type { Command } from "commander";
import type { SandboxStatus } from "virtcontainers";
import type { Context } from "../../context.ts";
import { isLibraryError } from "../../errors/library.ts";
import type { Library } from "../../library.ts";
import { pickContainer } from "../../sandbox/pick-container.ts";
import { examples } from "../examples.ts";
import { forEachName } from "../for-each-name.ts";

export function define(program: Command, context: Context): void {
  program
    .command("wait")
    .summary("wait until containers end and print their exit codes")
    .description("Waits until containers have ended, and prints the exit code of each on a line.")
    .argument("<container...>", "names of the containers")
    .option("--container <id>", "which container, where the sandbox has several")
    .action((names: string[], options: { container?: string }) =>
      forEachName(names, context, async (name) => {
        const code = await waitFor(await context.library(), name, options.container);
        context.stdout.write(`${code}\n`);
      }),
    )
    .addHelpText("after", examples("virtc wait web", 'code="$(virtc wait job)"'));
}

async function waitFor(
  library: Library,
  name: string,
  chosen: string | undefined,
): Promise<number> {
  const status = await library.statusSandbox(name);
  const id = pickContainer(name, status.containersStatus, chosen);
  const known = exitCodeOf(status, id);
  if (known !== undefined) return known;
  try {
    return await library.waitProcess(name, id, id);
  } catch (error) {
    if (!isLibraryError(error, "SANDBOX_DEAD", "INVALID_STATE")) throw error;
    const code = exitCodeOf(await library.statusSandbox(name), id);
    if (code === undefined) throw error;
    return code;
  }
}

function exitCodeOf(status: SandboxStatus, id: string): number | undefined {
  return status.containersStatus.find((container) => container.id === id)?.exitCode;
}
