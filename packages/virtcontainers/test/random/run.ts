import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import * as v from "valibot";
import { leftovers } from "../support/leftovers.ts";
import { Call, random } from "./history.ts";
import { grown, holdings } from "./holdings.ts";
import { isExplained, shortest } from "./model.ts";
import { importImage, openDoubles, openVms, roundMs, type World } from "./world.ts";

export interface Options {
  seconds: number;
  seed: number;
  processes: number;
  kills: boolean;
  /** Real VMs instead of the doubles. */
  vm: boolean;
}

export interface Counts {
  rounds: number;
  histories: number;
  entangled: number;
  kills: number;
  /** By verb and outcome. */
  calls: Record<string, number>;
}

export interface Violation {
  seed: number;
  what: string;
  history: readonly Call[];
}

/** After so many rounds this process has all that it will ever need. */
const warmRounds = 3;
const worker = fileURLToPath(new URL("worker.ts", import.meta.url));

/** Rounds of random calls by several processes over one folder; each is judged before the next. Ends with the first violations. */
export async function runRandomly(
  options: Options,
  tell: (line: string) => void = () => {},
): Promise<{ counts: Counts; violations: Violation[] }> {
  const counts: Counts = { rounds: 0, histories: 0, entangled: 0, kills: 0, calls: {} };
  const end = performance.now() + options.seconds * 1_000;
  let before = holdings();
  for (let seed = options.seed; performance.now() < end; seed++) {
    const violations = await runRound({ ...options, seed }, counts);
    counts.rounds++;
    if (counts.rounds === warmRounds) before = holdings();
    const more = counts.rounds > warmRounds ? grown(before, holdings()) : [];
    violations.push(...more.map((what) => ({ seed, what, history: [] })));
    if (counts.rounds % (options.vm ? 5 : 20) === 0) tell(JSON.stringify({ seed, ...counts }));
    if (violations.length > 0) return { counts, violations };
  }
  return { counts, violations: [] };
}

async function runRound(options: Options, counts: Counts): Promise<Violation[]> {
  const { seed } = options;
  const folder = mkdtempSync(join(tmpdir(), "virtc-random-"));
  try {
    const outputs = await play(folder, options, counts);
    const calls = mergeCalls(outputs.filter((path) => existsSync(path)));
    const found = [...judge(calls, counts), ...(await judgeRest(folder, calls, options))];
    return found.map(({ what, history = [] }) => ({ seed, what, history }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Lets the processes work, and kills some of them; the files of what they did. */
async function play(folder: string, options: Options, counts: Counts): Promise<string[]> {
  const { seed, processes, kills, vm } = options;
  await using first = await open(folder, options);
  if (vm) await importImage(first);
  const kind = vm ? "vm" : "doubles";
  const ms = roundMs[kind];
  const rand = random(seed);
  const outputs: string[] = [];
  const start = (): ChildProcess => {
    const output = join(folder, `calls-${outputs.length}.jsonl`);
    const args = ["--import", "tsx", worker, folder, output, seed, outputs.length, kind];
    outputs.push(output);
    return spawn(process.execPath, args.map(String), { stdio: ["ignore", "inherit", "inherit"] });
  };
  const living = Array.from({ length: processes }, start);
  // Nothing is killed before it has begun.
  while (kills && living.some(isAlive) && !outputs.every((path) => existsSync(path)))
    await sleep(20);
  const end = performance.now() + ms;
  while (kills && performance.now() < end) {
    await sleep(ms * (0.08 + rand() * 0.4));
    const index = Math.floor(rand() * living.length);
    const victim = living[index];
    if (victim === undefined || !isAlive(victim)) continue;
    victim.kill("SIGKILL");
    await ended(victim);
    counts.kills++;
    if (performance.now() < end) living[index] = start();
  }
  await Promise.all(living.map(ended));
  return outputs;
}

async function open(folder: string, { vm }: Options): Promise<World> {
  return await (vm ? openVms(folder) : openDoubles(folder));
}

function isAlive(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

async function ended(child: ChildProcess): Promise<void> {
  if (isAlive(child)) await once(child, "exit");
}

/** Each call is told twice, at its beginning and its end; of a killed process only the first may be there. */
function mergeCalls(outputs: readonly string[]): Call[] {
  const calls = new Map<string, Call>();
  for (const path of outputs) {
    for (const line of readFileSync(path, "utf8").split("\n").slice(0, -1)) {
      const call = v.parse(Call, JSON.parse(line));
      calls.set(`${call.process}/${call.n}/${call.id}`, call);
    }
  }
  return [...calls.values()];
}

interface Found {
  what: string;
  history?: readonly Call[];
}

function judge(calls: readonly Call[], counts: Counts): Found[] {
  for (const { verb, outcome = "killed" } of calls) {
    const name = `${verb} ${outcome}`;
    counts.calls[name] = (counts.calls[name] ?? 0) + 1;
  }
  const wrong = calls.flatMap((call) =>
    call.wrong === undefined ? [] : [{ what: call.wrong, history: [call] }],
  );
  const found: Found[] = [...wrong];
  for (const id of new Set(calls.map((call) => call.id))) {
    const history = calls.filter((call) => call.id === id);
    counts.histories++;
    const explained = isExplained(history);
    if (explained === undefined) counts.entangled++;
    if (explained === false)
      found.push({ what: `no order explains what was seen of ${id}`, history: shortest(history) });
  }
  return found;
}

/** Whatever was done and killed: another process removes all of it, and the journal tells a whole story. */
async function judgeRest(
  folder: string,
  calls: readonly Call[],
  options: Options,
): Promise<Found[]> {
  const found: Found[] = [];
  await using world = await open(folder, options);
  const { vc } = world;
  await vc.collectGarbage();
  for (const { id } of await vc.listSandbox()) await vc.deleteSandbox(id, { force: true });
  await vc.collectGarbage();
  for (const place of ["staged", "removed"])
    for (const name of names(join(folder, "state", place)))
      found.push({ what: `${place} ${name}` });
  for (const what of await leftovers(folder)) found.push({ what: `left behind: ${what}` });
  const events = vc.events({ since: new Date(0), until: new Date() });
  const there = new Set<string>();
  const told: string[] = [];
  // Who is killed between making a sandbox and telling so leaves one that is whole and was not told of.
  const makes = calls.filter(({ verb }) => verb === "create" || verb === "run");
  const untold = new Set(makes.filter(({ ended }) => ended === undefined).map(({ id }) => id));
  for await (const { type, sandboxId, containerId, time } of events) {
    if (sandboxId === undefined || containerId !== undefined) continue;
    const was = there.has(sandboxId);
    told.push(`${time} ${sandboxId} ${type}`);
    if (type === "created" ? was : !was && !untold.has(sandboxId)) {
      const last = told.filter((line) => line.includes(` ${sandboxId} `)).slice(-8);
      found.push({ what: `the event ${type} is out of place: ${last.join("; ")}` });
    }
    if (type === "deleted") there.delete(sandboxId);
    else there.add(sandboxId);
  }
  for (const id of there) found.push({ what: `nobody was told that ${id} is deleted` });
  return found;
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
