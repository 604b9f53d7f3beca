import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isVirtError } from "../../src/errors.ts";
import type { CallOptions, Sandbox, SandboxStatus } from "../../src/index.ts";
import { type Call, now, random, type VerbName } from "./history.ts";
import { grown, holdings } from "./holdings.ts";
import { openDoubles, openVms, roundMs } from "./world.ts";

/** A process of the random tester: `worker.ts FOLDER OUTPUT SEED PROCESS doubles|vm`. */
const [folder = "", output = "", seed = "0", self = "0", kind = ""] = process.argv.slice(2);
const rand = random(Number(seed) * 1_000 + Number(self));
const chance = (share: number): boolean => rand() < share;
const pick = <T>(from: readonly [T, ...T[]]): T =>
  from[Math.floor(rand() * from.length)] ?? from[0];

/** How often each is chosen. */
const choice: readonly [VerbName, ...VerbName[]] = [
  "create", "run", "run", "run", "start", "start", "stop", "pause", "resume", "delete", "delete",
  "annotate", "annotate", "annotate", "annotate", "list", "list", "list", "exec", "exec", "exec", "gc", "die",
]; // biome-ignore format: a table

/** What real VMs get more of, since a start takes them long. */
const insideOf: readonly [VerbName, ...VerbName[]] = ["run", "exec", "exec", "live"];

const world = await (kind === "vm" ? openVms(folder) : openDoubles(folder));
const { vc } = world;
const mine = new Map<string, Sandbox>();
let count = 0;

async function act(): Promise<void> {
  world.trouble(rand);
  const id = pick(world.ids);
  const verb = world.real && chance(0.4) ? pick(insideOf) : pick(choice);
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

function optionsOf(): CallOptions {
  if (chance(0.15)) return { timeoutMs: 1 + Math.floor(rand() * 200) };
  if (!chance(0.15)) return { timeoutMs: 20_000 };
  const controller = new AbortController();
  setTimeout(() => controller.abort(), rand() * 120);
  return { timeoutMs: 20_000, signal: controller.signal };
}

async function perform(call: Call, options: CallOptions): Promise<void> {
  const { id, verb } = call;
  const config = { id, containers: [...world.containers] };
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
    case "live":
      return await live(call, options);
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

/** One that this process has not made can be used only on a real VM: the doubles are in their maker's memory. */
async function take(id: string, options: CallOptions): Promise<Sandbox | undefined> {
  if (world.real && !mine.has(id)) keep(id, await vc.fetchSandbox(id, options));
  return mine.get(id);
}

function look(call: Call, found: readonly SandboxStatus[]): void {
  const status = found.find(({ id }) => id === call.id);
  call.state = status?.state ?? "absent";
  call.keys = Object.keys(status?.annotations ?? {});
}

/** A command says what it was told to and ends as it was told to; one that is called off does not run on. */
async function exec(call: Call, options: CallOptions): Promise<void> {
  const sandbox = await take(call.id, options);
  if (sandbox === undefined) return;
  const token = `t${self}-${call.n}`;
  const container = pick(world.containers).id ?? "";
  const lasts = chance(0.3);
  const script = lasts ? `echo ${token}; sleep 60` : `echo ${token}; exit 7`;
  const timeoutMs = lasts ? Math.floor(1 + rand() * world.briefMs) : options.timeoutMs;
  try {
    const { stdout, exitCode } = await sandbox.exec(["sh", "-c", script], {
      ...options,
      container,
      timeoutMs,
    });
    const ended = stdout === `${token}\n` && exitCode === 7;
    // Whoever stops the sandbox meanwhile kills it, before or after it has said its word.
    const killed = exitCode === 137 && `${token}\n`.startsWith(stdout);
    if (!ended && !killed) call.wrong = `it gave ${JSON.stringify({ stdout, exitCode })}`;
  } catch (error) {
    const told = !isVirtError(error) || error.message.includes("has not confirmed");
    if (!told && (await world.runs(call.id, container, token)))
      call.wrong = "its command runs on, and nobody was told so";
    throw error;
  }
}

/** A container of its own: what it says is what it was told to say, and its id is free at the end. */
async function live(call: Call, options: CallOptions): Promise<void> {
  const id = `w${self}-${call.n}`;
  const token = `t${self}-${call.n}`;
  await vc.createContainer(call.id, { id, image: "busybox", waits: true }, options);
  try {
    await vc.startContainer(call.id, id, options);
    const sandbox = await take(call.id, options);
    if (sandbox === undefined) return;
    const { stdout, exitCode } = await sandbox.exec(["echo", token], { ...options, container: id });
    const killed = exitCode === 137 && `${token}\n`.startsWith(stdout);
    if (!killed && (stdout !== `${token}\n` || exitCode !== 0))
      call.wrong = `in ${id} it gave ${JSON.stringify({ stdout, exitCode })}`;
  } finally {
    await vc.stopContainer(call.id, id, { force: true }).catch(ignoreTyped);
    await vc.deleteContainer(call.id, id).catch(ignoreTyped);
  }
}

/** Its sandbox may be gone, or another by now. */
function ignoreTyped(error: unknown): void {
  if (!isVirtError(error)) throw error;
}

/** A VM's sudden end. */
async function die(id: string): Promise<void> {
  const status = (await vc.listSandbox()).find((one) => one.id === id);
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

const before = holdings();
const end = performance.now() + roundMs[kind === "vm" ? "vm" : "doubles"];
const loops = Array.from({ length: world.atOnce }, async () => {
  while (performance.now() < end) {
    await act();
    // So that a round stays short enough to be judged, however fast the machine is.
    await sleep(rand() * world.pauseMs);
  }
});
await Promise.all(loops);
for (const sandbox of mine.values()) await sandbox.release();
world.calm();
// What was called off is being undone for a while; then nothing is held.
const settled = performance.now() + 60_000;
while (grown(before, holdings()).length > 0 && performance.now() < settled) await sleep(100);
const wrong = grown(before, holdings()).join("; ");
if (wrong !== "")
  tell({ process: Number(self), n: count, verb: "list", id: "holdings", began: now(), wrong });
appendFileSync(join(folder, "done"), `${self}\n`);
process.exit(0);
