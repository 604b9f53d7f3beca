import type { SandboxConfig } from "virtcontainers";
import { containerConfig } from "../../container/config.ts";
import { hypervisorConfig } from "../../vm/config.ts";
import type { RunRequest } from "./request.ts";

export interface TerminalSize {
  rows: number;
  columns: number;
}

/** The sandbox of one `virtc run`: one container, both with the same id. A pure function. */
export function sandboxConfig(
  request: RunRequest,
  size: TerminalSize | undefined,
  annotations: Readonly<Record<string, string>>,
): SandboxConfig {
  const { id, container, vm, tty, interactive, detach } = request;
  const connected = {
    terminal: tty,
    consoleSize: size && { height: size.rows, width: size.columns },
    interactive,
    detach,
  };
  const limit = vm.cpus?.limit;
  const { pids } = request;
  const resources = { ...(limit && { cpu: limit }), ...(pids && { pids }) };
  return {
    id,
    hostname: vm.options.hostname,
    hypervisorConfig: hypervisorConfig(vm),
    containers: [{ ...containerConfig(id, container, connected), resources }],
    annotations: { ...container.annotations, ...annotations },
    exitWith: detach ? id : undefined,
    // --cpus and --memory are the VM's whole size; the container's limit is a part of it.
    staticResourceMgmt: true,
  };
}
