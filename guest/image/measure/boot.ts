/**
 * Measures how long bare QEMU takes from spawn to the first line of a trivial init, for machine types, firmwares,
 * root devices and channel counts. The variants are interleaved, and medians given: of the time on the
 * clock, and of the CPU time, which other load on the machine disturbs less.
 *
 *     npx tsx guest/image/measure/boot.ts [rounds]
 */
import { spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { inScratch } from "../../../scripts/support/cache.ts";
import { guestDist } from "../../../scripts/support/paths.ts";
import { run } from "../../../scripts/support/run.ts";
import { files } from "../manifest.ts";
import { headBytes } from "../pfn.ts";
import { packRoot } from "../root.ts";

interface Variant {
  kernel?: "tuned" | "debian";
  machine?: "pc" | "q35";
  qboot?: boolean;
  nvdimm?: boolean;
  ports?: number;
  cpus?: number;
  /** Further kernel parameters. */
  parameters?: string;
}

interface Sample {
  wallMs: number;
  cpuMs: number;
}

const init = `
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>
int main(void) {
  int console = open("/dev/console", O_WRONLY);
  if (console < 0 && mount("devtmpfs", "/dev", "devtmpfs", 0, 0) == 0)
    console = open("/dev/console", O_WRONLY);
  if (write(console, "init is up\\n", 11) < 0) return 1;
  for (;;) pause();
}
`;

const variants: Variant[] = [
  {},
  { qboot: true },
  { machine: "q35" },
  { machine: "q35", qboot: true },
  { nvdimm: true },
  { nvdimm: true, qboot: true },
  { machine: "q35", nvdimm: true, qboot: true },
  ...[1, 8, 16, 30].map((ports) => ({ machine: "q35", qboot: true, ports }) as const),
  { machine: "q35", qboot: true, ports: 8, cpus: 2 },
  { kernel: "debian", machine: "q35", qboot: true },
  { kernel: "debian", machine: "q35", qboot: true, ports: 8 },
];

const kernelParameters = [
  ...["console=ttyS0", "quiet", "loglevel=4", "panic=-1", "tsc=reliable", "no_timer_check"],
  ...[
    "nolapic_timer",
    "cryptomgr.notests",
    "mitigations=off",
    "init_on_alloc=0",
    "swiotlb=512",
    "noreplace-smp",
  ],
  ...["ro", "rootfstype=erofs", "init=/sbin/init"],
];

function commandLine(variant: Variant, root: string, rootBytes: number): string[] {
  const { kernel = "tuned", machine = "pc", nvdimm = false, ports = 0, cpus = 1 } = variant;
  const parameters = [
    ...kernelParameters,
    nvdimm ? "root=/dev/pmem0 rootflags=dax" : "root=/dev/vda",
  ];
  if (variant.parameters) parameters.push(variant.parameters);
  const channels = Array.from({ length: ports }, (_, port) => [
    ...["-chardev", `null,id=channel${port}`],
    ...["-device", `virtserialport,chardev=channel${port},name=agent.channel.${port}`],
  ]);
  return [
    ...["-accel", "tcg", "-machine", `${machine},nvdimm=${nvdimm ? "on" : "off"}`],
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio"],
    ...["-smp", String(cpus), "-m", nvdimm ? "256M,slots=2,maxmem=1G" : "256M"],
    ...(variant.qboot ? ["-bios", "/usr/share/qemu/qboot.rom"] : []),
    ...["-kernel", join(guestDist, files[kernel]), "-append", parameters.join(" ")],
    ...(kernel === "debian" ? ["-initrd", join(guestDist, files.initramfs)] : []),
    ...(nvdimm
      ? [
          "-object",
          `memory-backend-file,id=root,mem-path=${root},size=${rootBytes},readonly=on,share=on,align=2M`,
          ...["-device", "nvdimm,memdev=root,unarmed=on"],
        ]
      : [
          "-drive",
          `if=none,id=root,file=${root},format=raw,offset=${headBytes},readonly=on`,
          ...["-device", "virtio-blk-pci,drive=root"],
        ]),
    ...(ports > 0 ? ["-device", "virtio-serial-pci,max_ports=31"] : []),
    ...channels.flat(),
  ];
}

async function boot(args: readonly string[]): Promise<Sample> {
  const start = performance.now();
  const qemu = spawn("qemu-system-x86_64", args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => qemu.on("close", resolve));
  const deadline = setTimeout(() => qemu.kill("SIGKILL"), 60_000);
  try {
    for await (const line of createInterface({ input: qemu.stdout })) {
      if (!line.includes("init is up")) continue;
      const wallMs = performance.now() - start;
      const stat = await readFile(`/proc/${qemu.pid}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return { wallMs, cpuMs: (Number(fields[11]) + Number(fields[12])) * 10 };
    }
    throw new Error(`the guest did not come up: qemu-system-x86_64 ${args.join(" ")}`);
  } finally {
    clearTimeout(deadline);
    qemu.kill("SIGKILL");
    await ended;
  }
}

function median(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.floor(sorted.length / 2)] ?? Number.NaN).toFixed(0);
}

function title(variant: Variant): string {
  const { kernel = "tuned", machine = "pc", qboot, nvdimm, ports = 0, cpus = 1 } = variant;
  const more = variant.parameters ? ` ${variant.parameters}` : "";
  return `| ${kernel}${more} | ${machine} | ${qboot ? "qboot" : "SeaBIOS"} | ${nvdimm ? "nvdimm" : "virtio-blk"} | ${ports} | ${cpus} |`;
}

const rounds = Number(process.argv[2] ?? 5);
await inScratch(async (scratch) => {
  await mkdir(join(scratch, "empty"));
  await writeFile(join(scratch, "init.c"), init);
  const program = join(scratch, "init");
  await run("gcc", ["-static", "-O2", "-s", "-o", program, join(scratch, "init.c")]);
  const root = join(scratch, "root.img");
  const busybox = join(scratch, "busybox");
  await writeFile(busybox, "#!/bin/sh\necho busybox\n", { mode: 0o755 });
  const parts = {
    agent: program,
    containerInit: program,
    crun: program,
    busybox,
    filter: undefined,
    overlays: [],
  };
  const bytes = await packRoot(parts, root);
  const samples = variants.map((): Sample[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [place, variant] of variants.entries()) {
      samples[place]?.push(await boot(commandLine(variant, root, bytes)));
    }
  }
  console.log("| kernel | machine | firmware | root | ports | vCPUs | ms | CPU ms |");
  console.log("|---|---|---|---|---|---|---|---|");
  for (const [place, variant] of variants.entries()) {
    const own = samples[place] ?? [];
    const wall = median(own.map(({ wallMs }) => wallMs));
    console.log(`${title(variant)} ${wall} | ${median(own.map(({ cpuMs }) => cpuMs))} |`);
  }
});
