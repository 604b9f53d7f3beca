import { createHost } from "../packages/virtcontainers/src/host/real.ts";
import { type RawCommand, wordsOf } from "./raw-vm.ts";

const { network } = createHost();
const name = "raw-tap0";

/** Of a raw VM with a tap: the tap itself, and the guest. */
export const rawAddresses = { host: "10.87.0.1", guest: "10.87.0.2" } as const;

/** What a descriptor becomes in a raw VM that is handed one. */
const inherited = 3;

/** A tap of this namespace, which has its address; gone when both this process and its VMM have closed it. */
export async function openRawTap(): Promise<{ fd: number } & AsyncDisposable> {
  const [tap] = await network.openTap("/proc/self/ns/net", { name, queues: 1 });
  if (tap === undefined) throw new Error("there is no tap");
  for (const args of [
    ["address", "add", `${rawAddresses.host}/24`, "dev", name],
    ["link", "set", "dev", name, "up"],
  ]) {
    const { code, stderr } = await network.run(undefined, "ip", args);
    if (code !== 0) throw new Error(`ip ${args.join(" ")}: ${stderr}`);
  }
  return { fd: tap.fd, [Symbol.asyncDispose]: () => tap.close() };
}

/** The command of a raw VM with the interface that the VM of a sandbox has, at an inherited tap. */
export async function withTap({ path, args }: RawCommand, pid: number): Promise<RawCommand> {
  return { path, args: [...args, ...tapOptions(await wordsOf(pid))] };
}

/** Of QEMU's words those about its one tap, which becomes the inherited one. */
export function tapOptions(words: readonly string[]): string[] {
  const values = (option: string, holds: RegExp): string[] =>
    words
      .flatMap((word, at) => (word === option && holds.test(words[at + 1] ?? "") ? at : []))
      .map((at) => words[at + 1] ?? "");
  const [netdev] = values("-netdev", /^tap,|"type":"tap"/);
  const [device] = values("-device", /virtio-net/);
  if (netdev === undefined || device === undefined) throw new Error("QEMU was given no tap");
  const own = netdev.replace(/(\bfds?(?:=|":"))\d+/, `$1${inherited}`);
  return ["-netdev", own, "-device", device];
}
