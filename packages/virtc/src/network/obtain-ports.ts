import type { Image, PortMapping } from "virtcontainers";
import { UsageError } from "../errors/usage.ts";
import type { Library } from "../library.ts";
import { exposed } from "./exposed.ts";
import { choosePorts, type Taken } from "./free-ports.ts";
import { mostPorts, type NetworkRequest } from "./request.ts";

/** The ports that are published, with what the image exposes where that was asked for. */
export async function obtainPorts(
  { published, publishAll }: NetworkRequest,
  image: Image | undefined,
  library: Pick<Library, "listSandbox">,
  signal: AbortSignal,
): Promise<PortMapping[]> {
  const ofImage = publishAll ? exposed(image?.config.exposedPorts ?? [], mostPorts) : [];
  const further = ofImage?.filter(
    ({ containerPort, protocol }) =>
      !published.some((own) => own.containerPort === containerPort && own.protocol === protocol),
  );
  if (further === undefined || published.length + further.length > mostPorts)
    throw new UsageError(
      `--publish-all: the image exposes too many ports; at most ${mostPorts} can be published`,
    );
  const all = [...published, ...further];
  return all.length === 0 ? [] : await choosePorts(all, await takenPorts(library, signal));
}

/** What leads to a sandbox is rules of the kernel, which no attempt to listen meets. */
async function takenPorts(
  library: Pick<Library, "listSandbox">,
  signal: AbortSignal,
): Promise<Taken> {
  const sandboxes = await library.listSandbox({ signal });
  const keys = new Set(sandboxes.flatMap(({ ports }) => ports.map(keyOf)));
  return (port) => keys.has(keyOf(port));
}

function keyOf({ hostPort, protocol = "tcp" }: PortMapping): string {
  return `${hostPort}/${protocol}`;
}
