import { pathsFeature } from "../../agent/files.ts";
import { VirtError } from "../../errors.ts";
import type { Operation } from "../../operation/run-verb.ts";
import { watchShare } from "../../storage/virtiofs/daemon.ts";
import { absoluteParts } from "../../transfer/entry.ts";
import type { GuestSide } from "../../transfer/guest-tree.ts";
import { guestSide } from "../verbs/guest-side.ts";

/** A path of a caller's in its one form: absolute, without `.` and `..`. INVALID_ARGUMENT. */
export function plainPath(path: string, field = "path"): string {
  return `/${absoluteParts(path, field).join("/")}`;
}

/** Does something with the files of a container. NOT_SUPPORTED by an agent that can't. */
export async function withFiles<T>(
  operation: Operation,
  containerId: string,
  work: (side: GuestSide) => Promise<T>,
): Promise<T> {
  const side = await guestSide(operation, containerId);
  using _share = await watchShare(operation, operation.container(containerId));
  return await work(side);
}

/** The same for what only this project's agent can. NOT_SUPPORTED. */
export async function withPaths<T>(
  operation: Operation,
  containerId: string,
  work: (side: GuestSide) => Promise<T>,
): Promise<T> {
  const { sandbox } = operation;
  if (!sandbox.agentFeatures.includes(pathsFeature))
    throw new VirtError("NOT_SUPPORTED", "the agent of this guest can't rename and remove files", {
      sandboxId: sandbox.id,
      hint: "Run mv or rm in the container, or use this project's guest.",
    });
  return await withFiles(operation, containerId, work);
}

export function noFile(
  { sandboxId, containerId }: Pick<GuestSide, "sandboxId" | "containerId">,
  path: string,
): VirtError {
  return new VirtError("FILE_NOT_FOUND", `there is nothing at ${JSON.stringify(path)}`, {
    sandboxId,
    containerId,
    field: "path",
    hint: "Look with files.list() at the folder that it should be in.",
  });
}
