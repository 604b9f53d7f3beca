import type { CallOptions, SandboxConfig } from "virtcontainers";
import { obtainImage } from "../../../container/image.ts";
import { withMounts, withVolumes } from "../../../container/mounts.ts";
import { typedOf } from "../../../container/typed.ts";
import type { Context } from "../../../context.ts";
import { inOptionNames } from "../../../errors/fields.ts";
import type { Library, SandboxHandle } from "../../../library.ts";
import { networkPart } from "../../../network/config.ts";
import { obtainPorts } from "../../../network/obtain-ports.ts";
import { orDefault } from "../../../network/or-default.ts";
import { abortable } from "../../../terminal/abortable.ts";
import { libraryOptions } from "../../../vm/config.ts";
import type { SandboxOptions } from "./options.ts";
import { mainId, parseSandbox } from "./request.ts";

/** Makes a sandbox that goes on without this process, and prints its name. */
export async function makeSandbox(
  words: readonly string[],
  options: SandboxOptions,
  context: Context,
  make: (library: Library, config: SandboxConfig, call: CallOptions) => Promise<SandboxHandle>,
): Promise<void> {
  const { config, vm, container, network } = await parseSandbox(words, options, context);
  const sandbox = await abortable(context.signals, async (signal) => {
    const library = await context.library(libraryOptions(vm));
    const image = await obtainImage(container, library, signal, context);
    return await withVolumes(container, image, library, signal, async (further) => {
      const ports = await obtainPorts(network, image, library, signal);
      const chosen = await orDefault(network, library, signal);
      const containers = config.containers?.map((each) =>
        each.id === mainId ? withMounts(each, further) : each,
      );
      const whole = { ...config, containers, ...networkPart(chosen, ports) };
      return await make(library, whole, { signal });
    });
  }).catch((error: unknown) => {
    throw options.config === undefined ? inOptionNames(error, typedOf(options, options)) : error;
  });
  await sandbox.release();
  context.stdout.write(`${sandbox.id}\n`);
}
