import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { type CpioEntry, cpio } from "./cpio.ts";
import { rawAddresses } from "./raw-tap.ts";
import { type RawCommand, RawVm } from "./raw-vm.ts";

/**
 * The guest of a raw VM: a shell that obeys the lines that come over an agent's port, with the crun of
 * the guest's root image and one container that waits. It runs on a tmpfs, since an initramfs can't be
 * the old root of pivot_root; switch_root wants to see an /init
 * in the one that it leaves.
 */
const initScript = `#!/bin/busybox sh
/bin/busybox mkdir -p /bin /dev /proc /sys /new
/bin/busybox --install -s /bin
export PATH=/bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs root /new
cd /new
mkdir -p image bin dev proc sys tmp run bundle/rootfs/bin bundle/rootfs/proc bundle/rootfs/dev
if [ -f /modules.load ]; then
  while read -r module; do insmod "$module"; done < /modules.load
fi
while [ ! -b /dev/vda ]; do :; done
mount -t erofs -o ro /dev/vda image
if [ -f /modules.load ]; then
  mv /lib/modules /lib/modules.initramfs
  ln -s /new/image/lib/modules /lib/modules
  modprobe virtio_console
fi
cp /bin/busybox bin/
cp /bin/busybox bundle/rootfs/bin/
ln -s busybox bundle/rootfs/bin/true
ln -s busybox bundle/rootfs/bin/sleep
cp /config.json bundle/
cp /serve .
touch /init
exec switch_root /new /serve
`;

/** crun runs from the read-only root image as ours does: from elsewhere it would copy itself each time. */
const serveScript = `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin:/image/usr/bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup
echo 1 > /sys/kernel/rcu_expedited
for port in /sys/class/virtio-ports/*; do
  [ "$(cat "$port/name")" = agent.channel.0 ] && device="/dev/\${port##*/}"
done
crun --root /run/crun --cgroup-manager=cgroupfs run --detach --bundle /bundle bench > /run/crun.out 2>&1 < /dev/null
ip link set dev lo up
if [ -e /sys/class/net/eth0 ]; then
  ip link set dev eth0 up
  ip address add ${rawAddresses.guest}/24 dev eth0
  mkdir /tmp/www && echo page > /tmp/www/index.html && httpd -p 80 -h /tmp/www
fi
exec 3<> "$device"
echo "ready $(crun --root /run/crun state bench | grep -c running) $(tr '\\n' ' ' < /run/crun.out)" >&3
while read -r what count port <&3; do
  case "$what" in
    echo) echo done >&3 ;;
    exec) crun --root /run/crun --cgroup-manager=cgroupfs exec bench /bin/true < /dev/null > /dev/null 2>&1 && echo done >&3 || echo failed >&3 ;;
    send) dd if=/dev/zero bs=1M count="$count" 2> /dev/null | nc ${rawAddresses.host} "$port" && echo done >&3 || echo failed >&3 ;;
    read) nc ${rawAddresses.host} "$port" < /dev/null > /dev/null && echo done >&3 || echo failed >&3 ;;
    zeros) dd if=/dev/zero bs=1M count="$count" >&3 2> /dev/null ;;
  esac
done
`;

const containerConfig = {
  ociVersion: "1.0.2",
  process: {
    user: { uid: 0, gid: 0 },
    args: ["/bin/sleep", "1000000"],
    env: ["PATH=/bin"],
    cwd: "/",
  },
  root: { path: "rootfs" },
  mounts: [
    { destination: "/proc", type: "proc", source: "proc" },
    { destination: "/dev", type: "tmpfs", source: "tmpfs" },
  ],
  linux: {
    cgroupsPath: "/bench",
    namespaces: ["pid", "ipc", "uts", "mount", "cgroup"].map((type) => ({ type })),
  },
};

/** A raw VM whose guest does single things on demand, with none of this project's code in between. */
export class RawGuest implements AsyncDisposable {
  readonly #vm: RawVm;
  readonly #socket: Socket;
  readonly #signal: AbortSignal;
  #text = "";

  private constructor(vm: RawVm, socket: Socket, signal: AbortSignal) {
    this.#vm = vm;
    this.#socket = socket;
    this.#signal = signal;
  }

  /** `descriptors` are the VMM's numbers 3 and on. */
  static async start(
    command: RawCommand,
    parent: string,
    signal: AbortSignal,
    descriptors: readonly number[] = [],
  ): Promise<RawGuest> {
    const initrd = join(parent, "raw-guest.cpio");
    await writeFile(initrd, await initramfs(command));
    const vm = await RawVm.start(withInitrd(command, initrd), parent, descriptors);
    try {
      const socket = await connected(vm, signal);
      const guest = new RawGuest(vm, socket, signal);
      const ready = await guest.#line();
      if (ready.startsWith("ready 1")) return guest;
      throw new Error(`crun started no container in the raw VM: ${ready}`);
    } catch (error) {
      await vm[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Milliseconds of one round trip over the port. */
  echo(): Promise<number> {
    return this.#timed("echo");
  }

  /** Milliseconds of one `crun exec` of /bin/true in the guest, with a round trip. */
  exec(): Promise<number> {
    return this.#timed("exec");
  }

  /** Sends so many MiB of zeros over its interface to a port of the host's. */
  sendTo(port: number, mebibytes: number): Promise<number> {
    return this.#timed(`send ${mebibytes} ${port}`);
  }

  /** Reads all that a port of the host's sends over its interface. */
  readFrom(port: number): Promise<number> {
    return this.#timed(`read 0 ${port}`);
  }

  /** Milliseconds that so many MiB of zeros take over the port. */
  async zeros(mebibytes: number): Promise<number> {
    const startedAt = performance.now();
    this.#socket.write(`zeros ${mebibytes}\n`);
    let left = mebibytes * 1024 * 1024;
    while (left > 0) left -= (await this.#chunk()).length;
    return performance.now() - startedAt;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await this.#vm[Symbol.asyncDispose]();
  }

  async #timed(what: string): Promise<number> {
    const startedAt = performance.now();
    this.#socket.write(`${what}\n`);
    const answer = await this.#line();
    if (answer !== "done") throw new Error(`the raw VM answered ${what} with ${answer}`);
    return performance.now() - startedAt;
  }

  async #line(): Promise<string> {
    while (!this.#text.includes("\n")) this.#text += (await this.#chunk()).toString("latin1");
    const end = this.#text.indexOf("\n");
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 1);
    return line;
  }

  async #chunk(): Promise<Buffer> {
    for (;;) {
      const chunk: unknown = this.#socket.read();
      if (Buffer.isBuffer(chunk)) return chunk;
      const limit = AbortSignal.any([this.#signal, AbortSignal.timeout(60_000)]);
      await once(this.#socket, "readable", { signal: limit });
      if (this.#socket.readableEnded || this.#socket.destroyed) await this.#vm.fail();
    }
  }
}

/** QEMU's socket is there a moment after it was started, and before the guest boots. */
async function connected(vm: RawVm, signal: AbortSignal): Promise<Socket> {
  const path = join(vm.folder, "agent.0.sock");
  for (let attempt = 0; attempt < 200; attempt++) {
    signal.throwIfAborted();
    const socket = connect(path);
    try {
      await once(socket, "connect");
      return socket;
    } catch {
      socket.destroy();
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
  throw new Error(`the raw VM made no socket ${path}`);
}

function withInitrd({ path, args }: RawCommand, initrd: string): RawCommand {
  const own = args.indexOf("-initrd");
  const rest = own < 0 ? args : args.toSpliced(own, 2);
  const cmdline = rest.indexOf("-append") + 1;
  return { path, args: [...rest.with(cmdline, `${rest[cmdline]} rdinit=/raw`), "-initrd", initrd] };
}

/** Ours before the kernel's own one, if there is one; the kernel unpacks both, each packed in its own way. */
async function initramfs({ args }: RawCommand): Promise<Buffer> {
  const at = args.indexOf("-initrd");
  const own = args[at + 1];
  const modules = at < 0 || own === undefined ? Buffer.alloc(0) : await readFile(own);
  const file = 0o100_755;
  const text = (content: string): Uint8Array => Buffer.from(content);
  const entries: CpioEntry[] = [
    { path: "bin", mode: 0o040_755 },
    { path: "dev", mode: 0o040_755 },
    { path: "dev/console", mode: 0o020_600, device: [5, 1] },
    { path: "bin/busybox", mode: file, data: await readFile("/bin/busybox") },
    { path: "raw", mode: file, data: text(initScript) },
    { path: "serve", mode: file, data: text(serveScript) },
    { path: "config.json", mode: 0o100_644, data: text(JSON.stringify(containerConfig)) },
  ];
  return Buffer.concat([cpio(entries), modules]);
}
