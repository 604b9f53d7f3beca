import { appendFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isVirtError, VirtError } from "../../src/errors.ts";
import type { Sandbox } from "../../src/index.ts";
import { createTestInstance, type MockFailure } from "../../src/testing/index.ts";
import { type Call, now, random, type VerbName } from "./history.ts";

/** A process of the random tester: `worker.ts FOLDER OUTPUT SEED PROCESS MILLISECONDS`. */
const [folder = "", output = "", seed = "0", self = "0", ms = "0"] = process.argv.slice(2);
const rand = random(Number(seed) * 1_000 + Number(self));
const chance = (share: number): boolean => rand() < share;
const pick = <T>(from: readonly [T, ...T[]]): T =>
  from[Math.floor(rand() * from.length)] ?? from[0];

/** How often each is chosen. */
const choice: readonly [VerbName, ...VerbName[]] = [
  "create", "run", "run", "run", "start", "start", "stop", "pause", "resume", "delete", "delete",
  "annotate", "annotate", "annotate", "annotate", "list", "list", "list", "exec", "exec", "exec", "gc", "die",
]; // biome-ignore format: a table

const failures: Partial<Record<"stop" | "pause" | "started" | "connectAgent", MockFailure>> = {};
const instance = await createTestInstance({ folder, failures });
const mine = new Map<string, Sandbox>();
const ids = ["s1", "s2", "s3"] as const;
let count = 0;

/** Slows a step of the hypervisor down, past deadlines and patience at times, or lets it fail. */
function trouble(): void {
  for (const at of ["stop", "pause", "started"] as const) {
    if (chance(0.85)) delete failures[at];
    else if (chance(0.3))
      failures[at] = new VirtError("HYPERVISOR_FAILED", "a fault of the tester");
    else {
      const delayMs = chance(0.2) ? 3_000 : Math.floor(rand() * 300);
      failures[at] = () => sleep(delayMs);
    }
  }
}

async function act(): Promise<void> {
  trouble();
  const id = pick(ids);
  const verb = pick(choice);
  const key = `k${self}-${count}`;
  const call: Call = { process: Number(self), n: count++, verb, id, began: now() };
  if (verb === "annotate") call.key = key;
  tell(call);
  const options = optionsOf();
  try {
    await perform(call, options);
    call.outcome = "ok";
  } catch (error) {
    call.outcome = isVirtError(error) ? error.code : "THROWN";
    if (!isVirtError(error))
      call.wrong = `it threw ${error instanceof Error ? error.stack : error}`;
  }
  call.ended = now();
  const tookMs = (call.ended - call.began) / 1_000;
  if (options.timeoutMs !== undefined && tookMs > options.timeoutMs + 12_000)
    call.wrong = `it took ${tookMs} ms with a deadline of ${options.timeoutMs} ms`;
  tell(call);
}

function optionsOf(): { timeoutMs?: number; signal?: AbortSignal } {
  if (chance(0.15)) return { timeoutMs: 1 + Math.floor(rand() * 200) };
  if (!chance(0.15)) return { timeoutMs: 20_000 };
  const controller = new AbortController();
  setTimeout(() => controller.abort(), rand() * 120);
  return { timeoutMs: 20_000, signal: controller.signal };
}

async function perform(call: Call, options: ReturnType<typeof optionsOf>): Promise<void> {
  const { vc } = instance;
  const { id, verb } = call;
  const config = { id, containers: [{ id: "c1", image: "busybox", waits: true }] };
  switch (verb) {
    case "create":
      return keep(id, await vc.createSandbox(config, options));
    case "run":
      return keep(id, await vc.runSandbox(config, options));
    case "start":
      return keep(id, await vc.startSandbox(id, options));
    case "stop":
      return keep(id, await vc.stopSandbox(id, { ...options, force: chance(0.5) }));
    case "pause":
      return keep(id, await vc.pauseSandbox(id, options));
    case "resume":
      return keep(id, await vc.resumeSandbox(id, options));
    case "delete":
      return await vc.deleteSandbox(id, { ...options, force: chance(0.7) });
    case "annotate":
      return await vc.setAnnotations(id, { [call.key ?? ""]: "1" }, options);
    case "list":
      return look(call, await vc.listSandbox(options));
    case "exec":
      return await exec(call, options);
    case "gc":
      return void (await vc.collectGarbage(options));
    case "die":
      return await die(id);
  }
}

function keep(id: string, sandbox: Sandbox): void {
  void mine.get(id)?.release();
  mine.set(id, sandbox);
}

function look(call: Call, found: Awaited<ReturnType<typeof instance.vc.listSandbox>>): void {
  const status = found.find(({ id }) => id === call.id);
  call.state = status?.state ?? "absent";
  call.keys = Object.keys(status?.annotations ?? {});
}

/** A command says what it was told to and ends as it was told to; one that is called off does not run on. */
async function exec(call: Call, options: ReturnType<typeof optionsOf>): Promise<void> {
  const sandbox = mine.get(call.id);
  if (sandbox === undefined) return;
  const token = `t${self}-${call.n}`;
  const lasts = chance(0.3);
  const script = lasts ? `echo ${token}; sleep 60` : `echo ${token}; exit 7`;
  const timeoutMs = lasts ? Math.floor(1 + rand() * 60) : options.timeoutMs;
  try {
    const { stdout, exitCode } = await sandbox.exec(["sh", "-c", script], {
      ...options,
      timeoutMs,
    });
    const ended = stdout === `${token}\n` && exitCode === 7;
    // Whoever stops the sandbox meanwhile kills it, before or after it has said its word.
    const killed = exitCode === 137 && `${token}\n`.startsWith(stdout);
    if (!ended && !killed) call.wrong = `it gave ${JSON.stringify({ stdout, exitCode })}`;
  } catch (error) {
    if (isVirtError(error) && !error.message.includes("has not confirmed")) assertDead(call, token);
    throw error;
  }
}

function assertDead(call: Call, token: string): void {
  let containers: Iterable<{
    execs: Map<string, { argv: readonly string[]; exitCode: number | undefined }>;
  }>;
  try {
    containers = instance.agent(call.id).containers.values();
  } catch {
    return;
  }
  for (const { execs } of containers)
    for (const { argv, exitCode } of execs.values())
      if (exitCode === undefined && argv.join(" ").includes(token))
        call.wrong = "its command runs on, and nobody was told so";
}

/** A VM's sudden end. */
async function die(id: string): Promise<void> {
  const status = (await instance.vc.listSandbox()).find((one) => one.id === id);
  if (status?.vmm === undefined) return;
  try {
    process.kill(status.vmm.pid, "SIGKILL");
  } catch {
    // It has ended since.
  }
}

function tell(call: Call): void {
  appendFileSync(output, `${JSON.stringify(call)}\n`);
}

function descriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

const before = descriptors();
const end = performance.now() + Number(ms);
const loops = Array.from({ length: 3 }, async () => {
  while (performance.now() < end) {
    await act();
    // So that a round stays short enough to be judged, however fast the machine is.
    await sleep(rand() * 250);
  }
});
await Promise.all(loops);
for (const sandbox of mine.values()) await sandbox.release();
for (const at of Object.keys(failures)) delete failures[at as keyof typeof failures];
// What was called off is being undone for a while; then nothing is held.
const settled = performance.now() + 60_000;
while (descriptors() > before + 4 && performance.now() < settled) await sleep(100);
const left = descriptors();
if (left > before + 4) {
  const wrong = `${left - before} descriptors more than at the beginning`;
  tell({ process: Number(self), n: count, verb: "list", id: "descriptors", began: now(), wrong });
}
appendFileSync(join(folder, "done"), `${self}\n`);
process.exit(0);
