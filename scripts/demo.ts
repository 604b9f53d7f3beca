/** Runs containers in VMs before the user's eyes, by the command line and by the library, and looks what is left. */
import { spawn } from "node:child_process";
import { channel } from "node:diagnostics_channel";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { release, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type PhaseEvent, phaseChannelName, Sandbox } from "virtcontainers";
import { leftovers } from "../test/support/instance.ts";
import { heading, milliseconds, say, shown } from "./support/say.ts";
import { type } from "./support/type.ts";

async function byCommandLine(): Promise<void> {
  heading("A container in a VM of its own");
  say(`This machine runs Linux ${release()}. The container runs under a kernel of its own:`);
  await type("run", "--rm", "busybox", "uname", "-r");
  say("The exit code is the container's:");
  await type("run", "--rm", "busybox", "sh", "-c", "echo output; echo error >&2; exit 7");
}

async function detached(): Promise<void> {
  heading("A container that outlives the command that started it");
  const script = 'for n in 1 2 3; do echo "line $n"; done; exec sleep 1000';
  await type("run", "-d", "--name", "demo", "busybox", "sh", "-c", script);
  await type("ps");
  say("Another process executes a command in it, and reads what it wrote so far:");
  await type("exec", "demo", "ps");
  await type("logs", "demo");
  await type("rm", "-f", "demo");
}

async function byLibrary(): Promise<void> {
  heading("The same from a program");
  say(
    shown(
      [
        'await using sandbox = await Sandbox.create({ image: "busybox", memoryMiB: 256 });',
        'const { stdout, exitCode } = await sandbox.exec(["sh", "-c", "echo hi; exit 3"]);',
      ].join("\n"),
    ),
  );
  const phases: PhaseEvent[] = [];
  const take = (event: unknown) => phases.push(event as PhaseEvent);
  channel(phaseChannelName).subscribe(take);
  const start = performance.now();
  {
    await using sandbox = await Sandbox.create({ image: "busybox", memoryMiB: 256 });
    const created = performance.now();
    const { stdout, exitCode } = await sandbox.exec(["sh", "-c", "echo hi; exit 3"]);
    const executed = performance.now();
    say(`  stdout ${JSON.stringify(stdout)}, exitCode ${exitCode}`);
    say(
      `  created in ${milliseconds(created - start)}, executed in ${milliseconds(executed - created)}`,
    );
  }
  channel(phaseChannelName).unsubscribe(take);
  say("Where the time went, phase by phase (some contain others):");
  for (const { phase, startMs, durationMs } of phases.sort((a, b) => a.startMs - b.startMs)) {
    say(
      `  ${milliseconds(startMs - start).padStart(8)}  ${phase.padEnd(24)} ${milliseconds(durationMs)}`,
    );
  }
}

/** In a network namespace of its own, which goes with it. */
async function network(): Promise<void> {
  heading("A web server that this machine and another container reach");
  if (process.getuid?.() !== 0) return say("Networks need root as yet.");
  const script = fileURLToPath(new URL("demo-network.ts", import.meta.url));
  const program = [process.execPath, ...process.execArgv, script];
  const child = spawn("unshare", ["--net", "--", ...program], {
    stdio: "inherit",
    env: { ...process.env, VIRTC_NETWORK: "" },
  });
  const [code] = await once(child, "close");
  if (code !== 0) process.exitCode = 1;
}

function whatIsLeft(stateDir: string): void {
  heading("What is left on this machine");
  const left = leftovers({ stateDir });
  say(left.length === 0 ? "Nothing: no process, no mount, no file of a sandbox." : left.join("\n"));
  if (left.length > 0) process.exitCode = 1;
}

const folder = await mkdtemp(join(tmpdir(), "virtc-demo-"));
try {
  // The VMM runs as a user of its own, who has to pass through.
  await chmod(folder, 0o711);
  const stateDir = join(folder, "state");
  process.env.VIRTC_STATE_DIR = stateDir;
  // This machine's network stays as it is.
  process.env.VIRTC_NETWORK = "none";
  await byCommandLine();
  await byLibrary();
  await detached();
  await network();
  whatIsLeft(stateDir);
  say("\nNext: docs/getting-started.md, or `virtc --help`, once this is said:");
  say(shown('$ export PATH="$PWD/node_modules/.bin:$PATH"'));
} finally {
  await rm(folder, { recursive: true, force: true });
}
