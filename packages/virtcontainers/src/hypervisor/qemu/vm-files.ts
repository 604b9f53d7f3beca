import { logFileNames } from "../../store/log-carrier.ts";
import { vsockSocket } from "./device/vsock-daemon.ts";

/** Files in the sandbox's VM folder. QEMU's working folder is there, so their paths are short. */
export const vmFile = {
  console: "console.log",
  log: logFileNames["serial-file"],
  output: "qemu.log",
  qmp: "qmp.sock",
  vsock: vsockSocket,
  agent: (index: number) => `agent.${index}.sock`,
} as const;
