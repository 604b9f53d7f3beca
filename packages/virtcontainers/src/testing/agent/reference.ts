import type { AgentService, Process, Storage } from "@virtcontainers/agent-protocol";
import { type CallContext, type ServiceImplementation, TtrpcError } from "@virtcontainers/ttrpc";
import type { Guest } from "./guest.ts";
import type { GuestProcess } from "./process.ts";

type Calls = ServiceImplementation<typeof AgentService>;
type Read = { containerId: string; execId: string; len: number };

const createDirectory = "io.katacontainers.volume.overlayfs.create_directory=";
const backtrace = "\n\nStack backtrace:\n   0: rustjail::container::do_init_child\n   1: main";

/** The calls of an agent without this project's extension, where they differ: as the field's own agent answers them. */
export function asReference(guest: Guest, calls: Calls): Calls {
  const { createContainer, execProcess, waitProcess } = calls;
  if (createContainer === undefined || execProcess === undefined || waitProcess === undefined)
    throw new Error("the calls that it changes are not all there");
  /** A process is forgotten as soon as it was waited for. */
  const forgotten = new WeakSet<GuestProcess>();
  const find = (containerId: string, execId: string): GuestProcess => {
    const process = guest.find(containerId, execId);
    if (forgotten.has(process))
      throw new TtrpcError("not_found", `Invalid exec id ${execId || containerId}`);
    return process;
  };
  const read = async (request: Read, stream: "stdout" | "stderr", { signal }: CallContext) => {
    const { terminal, stdout, stderr } = find(request.containerId, request.execId);
    // A terminal has one stream, which either call reads.
    const pipe = terminal !== undefined || stream === "stdout" ? stdout : stderr;
    const data = await pipe.read(request.len, signal);
    if (data.length === 0 && terminal !== undefined)
      throw new TtrpcError("internal", `EIO: Input/output error (os error 5)${backtrace}`);
    return { data };
  };
  return {
    createContainer: async (request, context) => {
      const { containerId, storages, OCI } = request;
      if (OCI?.Linux?.Namespaces.some(({ Type }) => Type === "pid"))
        throw new TtrpcError("internal", `EINVAL: the namespace pid is there twice${backtrace}`);
      for (const storage of storages) assertStorage(storage, containerId);
      const stringUser = userOf(OCI?.Process);
      return await inItsWords(() => createContainer({ ...request, stringUser }, context));
    },
    execProcess: async (request, context) => {
      const stringUser = userOf(request.process);
      return await inItsWords(() => execProcess({ ...request, stringUser }, context));
    },
    waitProcess: async (request, context) => {
      const process = find(request.containerId, request.execId);
      const answer = await waitProcess(request, context);
      forgotten.add(process);
      return answer;
    },
    readStdout: (request, context) => read(request, "stdout", context),
    readStderr: (request, context) => read(request, "stderr", context),
  };
}

/** It takes numbers alone, and does not look at what is said of names. */
function userOf(process: Process | undefined) {
  const { UID = 0, GID = 0 } = process?.User ?? {};
  return {
    $typeName: "grpc.StringUser" as const,
    uid: `${UID}:${GID}`,
    gid: "",
    additionalGids: [],
  };
}

/** What it refuses of a storage. */
export function assertStorage(
  { driver, options, driverOptions, mountPoint }: Storage,
  id: string,
): void {
  if (mountPoint.startsWith(`/run/kata-containers/${id}/`))
    throw new TtrpcError(
      "internal",
      `${mountPoint} would go with the bundle, and all that is in it`,
    );
  if (driver !== "overlayfs") return;
  for (const option of options) {
    const folder = /^(?:upperdir|workdir)=(.*)$/.exec(option)?.[1];
    if (folder !== undefined && !driverOptions.includes(`${createDirectory}${folder}`))
      throw new TtrpcError("internal", `ENOENT: No such file or directory${backtrace}`);
  }
}

/** Whatever fails is an internal error, with all that is known of where. */
async function inItsWords<T>(call: () => T): Promise<Awaited<T>> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof TtrpcError)) throw error;
    const name = /^exec: "(.*)": (?:no such file|not found in PATH)$/.exec(error.text)?.[1];
    if (name !== undefined)
      throw new TtrpcError("internal", `the file ${name} was not found${backtrace}`);
    if (error.code === "permission_denied")
      throw new TtrpcError("internal", `EACCES: Permission denied${backtrace}`);
    throw error;
  }
}
