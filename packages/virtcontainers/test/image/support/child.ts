import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface ChildOutcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
}

const script = fileURLToPath(new URL("./operation.ts", import.meta.url));

/** An ordinary user, and whether it may read these sources (a checkout may lie in a closed folder). */
export const nobody = 65_534;
export const nobodyCanRun =
  process.getuid?.() === 0 &&
  spawnSync(process.execPath, ["-e", `require("fs").accessSync(${JSON.stringify(script)})`], {
    uid: nobody,
    stdio: "ignore",
  }).status === 0;

/** Runs one operation of a store in a process of its own: `pull REF`, `import PATH`, `remove REF`. */
export function inChild(
  dataDir: string,
  operation: readonly string[],
  env: Record<string, string> = {},
  user?: number,
): { child: ChildProcess; outcome: Promise<ChildOutcome> } {
  const args = ["--import", "tsx", script, dataDir, ...operation];
  const stdio = ["ignore", "pipe", "inherit"] as const;
  const child = spawn(process.execPath, args, {
    stdio: [...stdio],
    env: { ...process.env, ...env },
    ...(user !== undefined && { uid: user, gid: user }),
  });
  let stdout = "";
  child.stdout?.on("data", (part: Buffer) => {
    stdout += part;
  });
  const outcome = new Promise<ChildOutcome>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal, stdout }));
  });
  return { child, outcome };
}
