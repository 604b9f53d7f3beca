import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { isLibraryError } from "../../errors/library.ts";
import type { Library } from "../../library.ts";
import { deleteWithVolumes, mountsOf } from "../../sandbox/anonymous-volumes.ts";
import { deleteSandbox } from "../../sandbox/delete.ts";
import { examples } from "../examples.ts";
import { forEachName } from "../for-each-name.ts";

export function define(program: Command, context: Context): void {
  program
    .command("rm")
    .summary("remove containers")
    .description("Removes containers and all that they left on this host.")
    .argument("<container...>", "names of the containers")
    .option("-v, --volumes", "also their volumes that nobody has named (-v /data)")
    .option("-f, --force", "also those that run, by killing them; what is not there is no error")
    .action((names: string[], options: { force?: boolean; volumes?: boolean }) =>
      forEachName(names, context, async (name) => {
        const { force = false, volumes = false } = options;
        const library = await context.library();
        const remove = () => deleteSandbox(library, name, force, "virtc rm -f");
        try {
          if (volumes) await deleteWithVolumes(library, await mountsIn(library, name), remove);
          else await remove();
        } catch (error) {
          if (!force || !isLibraryError(error, "SANDBOX_NOT_FOUND")) throw error;
          return;
        }
        context.stdout.write(`${name}\n`);
      }),
    )
    .addHelpText(
      "after",
      examples("virtc rm web", "virtc rm -f web job", "virtc rm $(virtc ps -aq)"),
    );
}

/** Of the list, which waits only shortly for a guest that is silent. */
async function mountsIn(library: Library, name: string) {
  const found = (await library.listSandbox()).find(({ id }) => id === name);
  return found === undefined ? [] : mountsOf(found);
}
