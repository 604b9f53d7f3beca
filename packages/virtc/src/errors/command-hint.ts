import type { ErrorCode, VirtError } from "virtcontainers";

/** Who an error speaks of. */
interface Subject {
  sandbox: string;
  container: string;
}

type Hint = (subject: Subject) => string;

const ofSandbox: Readonly<Record<string, Hint>> = {
  creating: () => "Wait until it is created; if its creator was killed: `virtc gc`.",
  ready: ({ sandbox }) => `Start it first: \`virtc sandbox start ${sandbox}\`.`,
  running: ({ sandbox }) => `Stop it first: \`virtc stop ${sandbox}\`.`,
  paused: ({ sandbox }) => `Resume it first: \`virtc resume ${sandbox}\`.`,
  stopped: ({ sandbox }) =>
    `Start it again: \`virtc sandbox start ${sandbox}\`, or delete it: \`virtc rm ${sandbox}\`.`,
};

const ofContainer: Readonly<Record<string, Hint>> = {
  ready: (of) => `Start it first: \`virtc container start ${of.sandbox} ${of.container}\`.`,
  running: (of) => `Stop it first: \`virtc container stop ${of.sandbox} ${of.container}\`.`,
  paused: (of) => `Resume it first: \`virtc container resume ${of.sandbox} ${of.container}\`.`,
  stopped: (of) => `Start it again: \`virtc container start ${of.sandbox} ${of.container}\`.`,
};

const ofCode: Readonly<Partial<Record<ErrorCode, Hint>>> = {
  SANDBOX_NOT_FOUND: () => "`virtc ps -a` lists what is there.",
  CONTAINER_NOT_FOUND: ({ sandbox }) => `\`virtc sandbox status ${sandbox}\` lists its containers.`,
  SANDBOX_DEAD: ({ sandbox }) =>
    `Start it again: \`virtc sandbox start ${sandbox}\`, or delete it: \`virtc rm -f ${sandbox}\`.`,
  SHARE_DEAD: ({ sandbox }) =>
    `What uses its shared folders hangs, all else goes on. Delete it: \`virtc rm -f ${sandbox}\`.`,
};

/** What to run next after an error of the library, in the words of this command line; undefined where it has none. */
export function commandHint(error: VirtError): string | undefined {
  const { code, sandboxId: sandbox, containerId: container = "" } = error;
  if (sandbox === undefined) return undefined;
  return hintOf(error, code)?.({ sandbox, container });
}

function hintOf({ sandboxState, containerState }: VirtError, code: ErrorCode): Hint | undefined {
  if (code !== "INVALID_STATE") return ofCode[code];
  if (containerState !== undefined) return ofContainer[containerState];
  return sandboxState === undefined ? undefined : ofSandbox[sandboxState];
}
