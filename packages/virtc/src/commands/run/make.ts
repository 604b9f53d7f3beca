import type { Image, SandboxConfig } from "virtcontainers";
import { obtainImage } from "../../container/image.ts";
import { withVolumes } from "../../container/mounts.ts";
import type { Context } from "../../context.ts";
import { isLibraryError } from "../../errors/library.ts";
import type { Library, SandboxHandle } from "../../library.ts";
import { networkPart } from "../../network/config.ts";
import { obtainPorts } from "../../network/obtain-ports.ts";
import { orDefault } from "../../network/or-default.ts";
import { withCidfile } from "../../sandbox/cidfile.ts";
import { clientAnnotation, nobody, removeAnnotation, thisClient } from "../../sandbox/owner.ts";
import { sweep } from "../../sandbox/sweep.ts";
import { terminalSize } from "../../terminal/raw.ts";
import { ownContainer, sandboxConfig } from "./config.ts";
import { join } from "./join.ts";
import type { RunRequest } from "./request.ts";

/** What is done with a sandbox that is made: started, or not. */
type Make = Pick<Library, "runSandbox" | "createSandbox">;

/** Makes the container that was asked for, with what it needs. */
export async function make(
  how: keyof Make,
  request: RunRequest,
  library: Library,
  signal: AbortSignal,
  context: Context,
): Promise<SandboxHandle> {
  return await withCidfile(request.cidfile, request.id, async () => {
    const { container, quiet } = request;
    const image = await obtainImage(container, library, signal, context, quiet);
    return await withVolumes(container, image, library, signal, async (further) => {
      // The end of the container looks for its volumes there.
      container.mounts.push(...further);
      return await makeWith(how, request, image, library, signal, context);
    });
  });
}

async function makeWith(
  how: keyof Make,
  request: RunRequest,
  image: Image | undefined,
  library: Library,
  signal: AbortSignal,
  context: Context,
): Promise<SandboxHandle> {
  const size = request.tty ? terminalSize(context.stdout) : undefined;
  if (request.joins !== undefined)
    return await join(request.joins, ownContainer(request, size), library, signal);
  const ports = await obtainPorts(request.network, image, library, signal);
  const network = networkPart(await orDefault(request.network, library, signal), ports);
  const config = sandboxConfig(request, size, await annotations(request), network);
  return await obtainName(library, config.id, signal, () => library[how](config, { signal }));
}

async function annotations(request: RunRequest): Promise<Record<string, string>> {
  return {
    ...(request.remove && { [removeAnnotation]: "true" }),
    [clientAnnotation]: request.detach ? nobody : await thisClient(),
  };
}

/** A name may be held by a container that has ended and that nobody removed yet. */
async function obtainName(
  library: Library,
  id: SandboxConfig["id"],
  signal: AbortSignal,
  begin: () => Promise<SandboxHandle>,
): Promise<SandboxHandle> {
  try {
    return await begin();
  } catch (error) {
    if (!isLibraryError(error, "ALREADY_EXISTS")) throw error;
    const left = await sweep(library, signal);
    if (left.some((status) => status.id === id)) throw error;
    return await begin();
  }
}
