import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { Deadline } from "../../../deadline.ts";
import { VirtError } from "../../../errors.ts";
import { stateFolder } from "../../../paths.ts";
import { isErrno } from "../../errno.ts";
import type { Locks, Processes, RunResult } from "../../host.ts";
import { identify, isSame } from "../../identity.ts";
import type { ProcessIdentity } from "../../process-identity.ts";
import { hostResolvConf } from "../../resolv-conf.ts";
import { makePrivateFolder } from "../../trusted.ts";
import { ownNamespace } from "../identity.ts";
import { entering } from "./enter.ts";
import { houseEnvironment, markVariable } from "./environment.ts";
import { forbidden } from "./forbidden.ts";
import { type HouseRecord, isDamaged, readRecord, writeRecord } from "./record.ts";
import { recoverRecord } from "./recover.ts";
import { begin, hold, holderCount } from "./scripts.ts";
import { foundUplink, hostAddresses, nameServer, startUplink, wallRules } from "./uplink.ts";

const timeoutMs = 60_000;

/**
 * The namespaces in which an ordinary user has networks: of users, where he is root, of mounts and of networks, with the
 * bridges of all his sandboxes. Processes hold them, and pasta leads out of them. There is one for each network
 * namespace that he calls from; it is made when it is needed, and ended when no sandbox is in it.
 */
export class House {
  readonly #processes: Processes;
  readonly #locks: Locks;

  constructor(processes: Processes, locks: Locks) {
    this.#processes = processes;
    this.#locks = locks;
  }

  /** One of its processes; undefined if there is none. */
  find(): ProcessIdentity | undefined {
    return readRecord(this.#folder)?.holders.find(isSame);
  }

  /** The same, with the house made if there is none. HOST_REQUIREMENT, HOST_FAILED. */
  async obtain(): Promise<ProcessIdentity> {
    return this.find() ?? (await this.#locked(() => this.#holder()));
  }

  /** Does something while nobody ends the house, whose way out is there. HOST_REQUIREMENT, HOST_FAILED. */
  async connected<T>(work: (holder: ProcessIdentity) => Promise<T>): Promise<T> {
    return await this.#locked(async () => {
      const holder = await this.#holder();
      await this.#connect(holder);
      return await work(holder);
    });
  }

  /** Starts again what has ended of it; false if all has. HOST_REQUIREMENT, HOST_FAILED. */
  async mend(): Promise<boolean> {
    await this.#recover();
    const record = readRecord(this.#folder);
    if (record === undefined || !record.holders.some(isSame)) return false;
    const whole = record.holders.length >= holderCount && record.holders.every(isSame);
    const walled = isDeepStrictEqual(record.walled, hostAddresses());
    if (whole && walled && record.uplink !== undefined && isSame(record.uplink)) return true;
    await this.connected(async () => {});
    return true;
  }

  /** Ends it if no namespace is bound in it. */
  async leave(): Promise<void> {
    await this.#recover();
    if (readRecord(this.#folder) === undefined || this.#isUsed()) return;
    await this.#locked(async () => {
      const record = readRecord(this.#folder);
      if (record === undefined || this.#isUsed()) return;
      await this.#end(record);
      await rm(this.#folder, { recursive: true, force: true });
    });
  }

  get #all(): string {
    return join(stateFolder(process.geteuid?.() ?? 0, process.env), "networks");
  }

  get #folder(): string {
    return join(this.#all, String(statSync(ownNamespace, { bigint: true }).ino));
  }

  async #locked<T>(work: () => Promise<T>): Promise<T> {
    makePrivateFolder(this.#all);
    const path = join(this.#all, "lock");
    using _lock = await this.#locks.acquire(path, "exclusive", { create: true, timeoutMs });
    return await work();
  }

  /** Makes the house if it is not there, and a holder for each that has ended. */
  async #holder(): Promise<ProcessIdentity> {
    const record = readRecord(this.#folder) ?? (await this.#recovered());
    const living = record?.holders.filter(isSame) ?? [];
    const [first] = living;
    if (record === undefined || first === undefined) {
      if (record !== undefined) await this.#end(record);
      return await this.#begin();
    }
    if (living.length >= holderCount) return first;
    const count = String(holderCount - living.length);
    const command = { path: "/bin/sh", args: ["-c", hold, "sh", count] };
    const { path, args } = await entering(this.#processes, first, undefined, command);
    const more = await this.#start(record.marker, path, args);
    await writeRecord(this.#folder, { ...record, holders: [...living, ...more] });
    return first;
  }

  /** Finds out what a record spoke of that can't be read, and writes it anew. */
  async #recover(): Promise<void> {
    if (isDamaged(this.#folder)) await this.#locked(() => this.#recovered());
  }

  /** The same, for who has the house locked. */
  async #recovered(): Promise<HouseRecord | undefined> {
    if (!isDamaged(this.#folder)) return readRecord(this.#folder);
    const record = await recoverRecord(this.#processes, this.#folder);
    if (record === undefined) await rm(this.#folder, { recursive: true, force: true });
    else await writeRecord(this.#folder, record);
    return record;
  }

  async #begin(): Promise<ProcessIdentity> {
    const path = await this.#processes.which("unshare");
    if (path === undefined)
      throw new VirtError("HOST_REQUIREMENT", "unshare is missing", {
        hint: "Install it; Debian: sudo apt install util-linux.",
      });
    makePrivateFolder(this.#folder);
    const record: HouseRecord = { marker: randomUUID(), holders: [] };
    await writeRecord(this.#folder, record);
    const servers = join(this.#folder, "resolv.conf");
    await writeFile(servers, await resolvConf(), { mode: 0o600 });
    const namespaces = ["--user", "--map-root-user", "--mount", "--net"];
    const args = [...namespaces, "/bin/sh", "-c", begin, "sh", String(holderCount), servers];
    record.holders = await this.#start(record.marker, path, args);
    await writeRecord(this.#folder, record);
    const [first] = record.holders;
    if (first === undefined) throw new VirtError("HOST_FAILED", "what holds the networks ended");
    return first;
  }

  /** Starts holders, and gives who they are. */
  async #start(marker: string, path: string, args: readonly string[]): Promise<ProcessIdentity[]> {
    const env = houseEnvironment(marker, this.#folder);
    const { code, stdout, stderr } = await this.#processes.run(path, args, { env, timeoutMs });
    if (code !== 0) throw await refusal(stderr);
    const pids = stdout.split("\n").filter((line) => line !== "");
    return pids.flatMap((pid) => identify(Number(pid)) ?? []);
  }

  /** Gives it its way out, if it has none, and puts up the wall before this host. */
  async #connect(holder: ProcessIdentity): Promise<void> {
    const record = readRecord(this.#folder);
    if (record === undefined) return;
    const nft = await this.#processes.which("nft");
    if (nft === undefined)
      throw new VirtError("HOST_REQUIREMENT", "the tool nft is missing", {
        hint: "Install it; Debian: sudo apt install nftables.",
      });
    const command = await entering(this.#processes, holder, undefined, {
      path: nft,
      args: ["-f", "-"],
    });
    const walled = hostAddresses();
    const options = { input: wallRules(walled), timeoutMs };
    const { code, stderr } = await this.#processes.run(command.path, command.args, options);
    if (code !== 0)
      throw new VirtError("HOST_FAILED", `nft can't wall this host off: ${stderr.trim()}`);
    await writeRecord(this.#folder, { ...record, walled });
    if (record.uplink !== undefined && isSame(record.uplink)) return;
    const uplink = await startUplink(this.#processes, {
      folder: this.#folder,
      holder,
      env: houseEnvironment(record.marker, this.#folder),
    });
    await writeRecord(this.#folder, { ...record, walled, uplink });
  }

  /** Whether a namespace is bound in it that its maker did not see already. */
  #isUsed(): boolean {
    const holder = this.find();
    if (holder === undefined) return false;
    const outside = namespacesIn("/proc/self/mountinfo");
    return [...namespacesIn(`/proc/${holder.pid}/mountinfo`)].some((path) => !outside.has(path));
  }

  /** Ends all that is in it, and what leads out of it. */
  async #end({ marker, holders, uplink }: HouseRecord): Promise<void> {
    const holder = holders.find(isSame);
    const inside = holder === undefined ? [] : processesIn(`/proc/${holder.pid}/ns/net`);
    const marked = await this.#processes.findByVariable(
      { name: markVariable, value: marker },
      (uid) => uid === process.geteuid?.(),
    );
    const ways = [uplink, foundUplink(this.#folder)].filter((each) => each !== undefined);
    const all = [...ways, ...inside, ...marked, ...holders];
    using deadline = new Deadline({}, timeoutMs, "ending the networks of this user");
    for (const each of all)
      if (await this.#processes.signal(each, "SIGKILL"))
        await deadline.race(this.#processes.waitGone(each, deadline.signal));
  }
}

async function resolvConf(): Promise<string> {
  const { servers } = await hostResolvConf();
  const all = servers.length > 0 ? servers : [nameServer];
  return all.map((server) => `nameserver ${server}\n`).join("");
}

async function refusal(stderr: RunResult["stderr"]): Promise<VirtError> {
  if (/^unshare:/m.test(stderr)) return await forbidden(stderr);
  return new VirtError(
    "HOST_FAILED",
    `the namespaces for this user's networks can't be set up: ${stderr.trim().slice(-500)}`,
  );
}

/** Where namespaces are bound. */
function namespacesIn(mountinfo: string): Set<string> {
  try {
    const lines = readFileSync(mountinfo, "utf8").split("\n");
    const bound = lines.filter((line) => line.includes(" - nsfs "));
    return new Set(bound.map((line) => line.split(" ")[4] ?? ""));
  } catch (error) {
    if (isErrno(error, "ENOENT", "ESRCH", "EINVAL")) return new Set();
    throw error;
  }
}

/** The processes in a network namespace, as far as this user may know. */
function processesIn(namespace: string): ProcessIdentity[] {
  const wanted = inodeOf(namespace);
  if (wanted === undefined) return [];
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name) || inodeOf(`/proc/${name}/ns/net`) !== wanted) return [];
    return identify(Number(name)) ?? [];
  });
}

function inodeOf(path: string): bigint | undefined {
  try {
    return statSync(path, { bigint: true }).ino;
  } catch {
    return undefined;
  }
}
