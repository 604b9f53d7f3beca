import type { Image, PortMapping } from "virtcontainers";
import { UsageError } from "../errors/usage.ts";
import type { Library } from "../library.ts";
import { exposed } from "./exposed.ts";
import { choosePorts } from "./free-ports.ts";
import { mostPorts, type NetworkRequest } from "./request.ts";

/** The ports that are published, with what the image exposes where that was asked for. */
export async function obtainPorts(
  { published, publishAll }: NetworkRequest,
  image: Image | undefined,
  _library: Library,
  _signal: AbortSignal,
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
  return await choosePorts([...published, ...further], () => false);
}
