import { describe, expect, test } from "vitest";
import type { Device, DiskDevice, NetworkDevice } from "../../src/hypervisor/device.ts";
import { coldAddresses, launchArguments } from "../../src/hypervisor/qemu/arguments.ts";
import { kernelCommandLine } from "../../src/hypervisor/qemu/cmdline.ts";
import { addressText } from "../../src/store/guest-address.ts";
import { config, spec } from "./support/spec.ts";

const descriptors: ReadonlyMap<string, number> = new Map();
const facts = {
  accelerator: "tcg",
  firmware: "/fw/qboot.rom",
  imageBytes: 0,
  descriptors,
} as const;

/** The devices of a VM's list, in the form of device_add. */
function listed(args: readonly string[]): unknown[] {
  return values(args, "-device")
    .filter((text) => text.startsWith("{"))
    .map((text) => JSON.parse(text));
}

/** The values of all options of a name. */
function values(args: readonly string[], option: string): string[] {
  return args.flatMap((arg, index) => (arg === option ? [args[index + 1] ?? ""] : []));
}

test("the whole command of a plain VM", () => {
  expect(launchArguments(spec(), facts)).toEqual([
    ...["-name", "virtc-sb", "-uuid", "00000000-0000-4000-8000-000000000001"],
    ...["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"],
    "-sandbox",
    "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
    "-machine",
    "q35,usb=off,vmport=off,hpet=off,sata=off,smbus=off,smm=off,memory-backend=mem",
    ...["-accel", "tcg", "-cpu", "max", "-smp", "cpus=1"],
    ...["-m", "size=256M", "-object", "memory-backend-ram,id=mem,size=256M"],
    ...["-bios", "/fw/qboot.rom", "-kernel", "/guest/vmlinux"],
    "-append",
    "console=ttyS0 quiet loglevel=4 panic=-1 tsc=reliable no_timer_check nolapic_timer " +
      "cryptomgr.notests mitigations=off init_on_alloc=0 swiotlb=512 memhp_default_state=online " +
      "root=/dev/vda ro rootfstype=erofs init=/sbin/init agent.log=info agent.hotplug_timeout=20",
    ...["-chardev", "socket,id=qmp,path=qmp.sock,server=on,wait=off"],
    ...["-mon", "chardev=qmp,mode=control"],
    ...["-chardev", "file,id=console,path=/dev/null,append=on,logfile=console.log,logappend=on"],
    ...["-device", "isa-serial,chardev=console"],
    ...["-device", "pci-bridge,id=br0,bus=pcie.0,addr=10,chassis_nr=1,shpc=off"],
    "-device",
    "virtio-serial-pci,bus=pcie.0,addr=02,disable-legacy=on,id=serial0,max_ports=4",
    ...["-chardev", "socket,id=agent0,path=agent.0.sock,server=on,wait=off"],
    ...["-device", "virtserialport,bus=serial0.0,nr=1,chardev=agent0,name=agent.channel.0"],
    ...["-chardev", "file,id=log,path=/dev/null,append=on,logfile=log.bin,logappend=on"],
    ...["-device", "virtserialport,bus=serial0.0,nr=2,chardev=log,name=virtc.log.0"],
    ...["-object", "rng-random,id=rng0,filename=/dev/urandom"],
    ...["-device", "virtio-rng-pci,bus=br0,addr=1f,disable-legacy=on,rng=rng0"],
    "-blockdev",
    '{"driver":"raw","node-name":"image","read-only":true,"offset":2097152,' +
      '"file":{"driver":"file","filename":"/guest/root.img","read-only":true}}',
    "-device",
    "virtio-blk-pci,bus=pcie.0,addr=04,disable-legacy=on,id=image0,drive=image",
  ]);
});

test("KVM takes the host's CPU; features and machine options are appended", () => {
  const own = config({
    machineType: "pc",
    cpuFeatures: "pmu=off",
    machineAccelerators: "kernel_irqchip=on",
  });
  const args = launchArguments(spec({ config: own }), { ...facts, accelerator: "kvm" });
  expect(values(args, "-cpu")).toEqual(["host,pmu=off"]);
  expect(values(args, "-accel")).toEqual(["kvm"]);
  expect(values(args, "-machine")[0]).toMatch(/^pc,.*,kernel_irqchip=on$/);
});

test("room to grow is told to the machine only where there is some", () => {
  const own = config({ numVCPUs: 2, defaultMaxVCPUs: 4, memSlots: 3, defaultMaxMemoryMiB: 1024 });
  const args = launchArguments(spec({ config: own }), facts);
  expect(values(args, "-smp")).toEqual(["cpus=2,maxcpus=4,sockets=4,cores=1,threads=1"]);
  expect(values(args, "-m")).toEqual(["size=256M,slots=3,maxmem=1024M"]);
});

test("memory that grows as virtio-mem is all there from the start, none of it in use; locked if asked", () => {
  const own = config({ virtioMem: true, defaultMaxMemoryMiB: 1024, mlock: true, memOffsetMiB: 64 });
  const args = launchArguments(spec({ config: own }), facts);
  expect(values(args, "-m")).toEqual(["size=256M,slots=0,maxmem=1088M"]);
  expect(values(args, "-object")).toContain("memory-backend-ram,id=vmem,size=768M,reserve=off");
  expect(values(args, "-device")).toContain(
    "virtio-mem-pci,bus=pcie.0,addr=07,id=vmem0,memdev=vmem,requested-size=0",
  );
  expect(values(args, "-overcommit")).toEqual(["mem-lock=on"]);
});

test("realtime locks memory, and with KVM keeps idle CPUs in the guest", () => {
  const own = config({ realtime: true, mlock: true });
  const overcommit = (accelerator: "kvm" | "tcg") =>
    values(launchArguments(spec({ config: own }), { ...facts, accelerator }), "-overcommit");
  expect(overcommit("kvm")).toEqual(["mem-lock=on,cpu-pm=on"]);
  expect(overcommit("tcg")).toEqual(["mem-lock=on"]);
});

test("an IOMMU comes before the devices that it serves, and the kernel is told to use it", () => {
  const own = config({ iommu: true, iommuPlatform: true, blockDeviceDriver: "virtio-scsi" });
  const args = launchArguments(spec({ config: own }), { ...facts, accelerator: "kvm" });
  const [, first = "", ...others] = values(args, "-device");
  expect(first).toBe("intel-iommu,intremap=on,caching-mode=on");
  expect(values(args, "-accel")).toEqual(["kvm,kernel-irqchip=split"]);
  expect(values(args, "-append")[0]).toContain(" intel_iommu=on iommu=pt ");
  const virtio = others.filter((device) => device.startsWith("virtio-"));
  expect(virtio).toHaveLength(4);
  for (const device of virtio) expect(device).toContain(",disable-legacy=on,iommu_platform=on");
});

test("over vsock the agent has no ports; the guest's address is held by an inherited descriptor", () => {
  const own = config({ useVSock: true, agentPorts: 8 });
  const devices = [{ kind: "vsock", id: "vsock" }] as const;
  const held = { cid: 4711, descriptors: new Map([["vsock", 5]]) };
  const args = launchArguments(spec({ config: own, devices }), { ...facts, ...held });
  expect(listed(args)).toEqual([
    {
      ...{ driver: "vhost-vsock-pci", id: "root02f1.vsock", bus: "pcie.0", addr: "02.1" },
      ...{ "guest-cid": 4711, vhostfd: "5" },
    },
  ]);
  expect(values(args, "-device").filter((device) => device.startsWith("virtserialport"))).toEqual([
    "virtserialport,bus=serial0.0,nr=1,chardev=log,name=virtc.log.0",
  ]);
});

test("vsock that a process serves is a vhost-user device on a connection that QEMU inherits, over shared memory", () => {
  const own = config({ useVSock: true, vsockDaemon: "/bin/vhost-device-vsock", agentPorts: 8 });
  const devices = [{ kind: "vsock", id: "vsock" }] as const;
  const descriptors = new Map([["vsock", 5]]);
  const args = launchArguments(spec({ config: own, devices }), { ...facts, descriptors });
  expect(listed(args)).toEqual([
    {
      ...{ driver: "vhost-user-vsock-pci", id: "root02f1.vsock", bus: "pcie.0", addr: "02.1" },
      chardev: "vsock",
    },
  ]);
  expect(values(args, "-chardev")).toContain("socket,id=vsock,fd=5");
  expect(values(args, "-object")).toContain("memory-backend-memfd,id=mem,size=256M,share=on");
});

test("an nvdimm root is memory, read-only, and the kernel mounts it with DAX", () => {
  const own = config({ disableImageNvdimm: false });
  const args = launchArguments(spec({ config: own }), { ...facts, imageBytes: 4 << 20 });
  expect(values(args, "-machine")[0]).toContain(",nvdimm=on");
  expect(values(args, "-m")).toEqual(["size=256M,slots=1,maxmem=260M"]);
  expect(values(args, "-object")).toContain(
    "memory-backend-file,id=image,mem-path=/guest/root.img,size=4194304,share=on,readonly=on",
  );
  expect(values(args, "-device")).toContain("nvdimm,id=image0,memdev=image,unarmed=on");
  expect(values(args, "-append")[0]).toContain(
    " root=/dev/pmem0 ro rootfstype=erofs rootflags=dax ",
  );
  expect(values(args, "-blockdev")).toEqual([]);
});

describe("disks", () => {
  const devices = [
    { kind: "disk", id: "lower", path: "/images/a,b=c.erofs", format: "raw", readonly: true },
    { kind: "disk", id: "scratch", path: "/state/sb/vm/s.img", format: "raw", readonly: false },
  ] as const;

  test("get fixed slots, and their paths can't add options", () => {
    const args = launchArguments(spec({ devices }), facts);
    expect(
      values(args, "-blockdev")
        .slice(1)
        .map((text) => JSON.parse(text)),
    ).toEqual([
      {
        driver: "raw",
        "node-name": "lower",
        "read-only": true,
        file: { driver: "file", filename: "/images/a,b=c.erofs", "read-only": true },
      },
      {
        driver: "raw",
        "node-name": "scratch",
        "read-only": false,
        discard: "unmap",
        file: {
          driver: "file",
          filename: "/state/sb/vm/s.img",
          "read-only": false,
          discard: "unmap",
        },
      },
    ]);
    expect(listed(args)).toMatchObject([
      { driver: "virtio-blk-pci", id: "root08.lower", drive: "lower", bus: "pcie.0", addr: "08" },
      { driver: "virtio-blk-pci", id: "root09.scratch", drive: "scratch", addr: "09" },
    ]);
  });

  test("on SCSI get a target and a unit; the root image stays the first disk", () => {
    const own = config({ blockDeviceDriver: "virtio-scsi", enableIOThreads: true });
    const args = launchArguments(spec({ devices, config: own }), facts);
    expect(listed(args)[1]).toEqual({
      ...{ driver: "scsi-hd", id: "scsi1.scratch", drive: "scratch" },
      ...{ bus: "scsi0.0", channel: 0, "scsi-id": 0, lun: 1 },
    });
    expect(values(args, "-device")).toContain(
      "virtio-scsi-pci,bus=pcie.0,addr=05,disable-legacy=on,id=scsi0",
    );
  });

  test("cache settings reach both layers of a disk", () => {
    const own = config({ blockDeviceCacheSet: true, blockDeviceCacheDirect: true });
    const [, disk = ""] = values(
      launchArguments(spec({ devices, config: own }), facts),
      "-blockdev",
    );
    const cache = { direct: true, "no-flush": false };
    expect(JSON.parse(disk)).toMatchObject({ cache, file: { cache } });
  });

  test("with a name that QEMU has no room for are refused", () => {
    for (const id of ["1st", "a b", "a".repeat(32), "a,b", ""]) {
      const bad = [{ ...devices[0], id }];
      expect(() => launchArguments(spec({ devices: bad }), facts)).toThrow(
        expect.objectContaining({ code: "INVALID_ARGUMENT", field: "device.id" }),
      );
    }
  });
});

test("what QEMU inherits stands in its arguments by its number, in the form that QEMU opens it by", () => {
  const disk = { kind: "disk", id: "scratch", path: "/s", format: "raw", readonly: false } as const;
  const names = ["sink", "kernel", "firmware", "image", "disk-scratch"];
  const descriptors = new Map(names.map((name, index) => [name, 3 + index]));
  const args = launchArguments(spec({ devices: [disk] }), { ...facts, descriptors });
  expect(values(args, "-add-fd")).toEqual([
    "fd=6,set=6,opaque=image",
    "fd=3,set=3,opaque=sink",
    "fd=7,set=7,opaque=disk-scratch",
  ]);
  expect(values(args, "-kernel")).toEqual(["/proc/self/fd/4"]);
  expect(values(args, "-bios")).toEqual(["/proc/self/fd/5"]);
  expect(values(args, "-blockdev").map((text) => JSON.parse(text).file.filename)).toEqual([
    "/dev/fdset/6",
    "/dev/fdset/7",
  ]);
  expect(values(args, "-chardev").filter((text) => text.startsWith("file"))).toEqual([
    "file,id=console,path=/dev/fdset/3,append=on,logfile=console.log,logappend=on",
    "file,id=log,path=/dev/fdset/3,append=on,logfile=log.bin,logappend=on",
  ]);
  expect(args.join(" ")).not.toMatch(/\/guest\/|\/dev\/null/);
});

test("no two devices share a place, and where the root bus is full the bridges go on", () => {
  const devices = Array.from(
    { length: 40 },
    (_, index): DiskDevice => ({
      ...{ kind: "disk", format: "raw" },
      ...{ id: `d${index}`, path: "/d", readonly: true },
    }),
  );
  const addresses = coldAddresses(spec({ devices: devices.slice(0, 38) }));
  expect(new Set(Object.values(addresses).map(addressText)).size).toBe(38);
  expect([addresses.d7, addresses.d8]).toEqual([
    { kind: "pci", path: "0f", bootNode: "vdi" },
    { kind: "pci", path: "10/01", bootNode: "vdj" },
  ]);
  expect(() => coldAddresses(spec({ devices }))).toThrow(
    expect.objectContaining({ code: "NOT_SUPPORTED", field: "hypervisorConfig.defaultBridges" }),
  );
});

test("a share makes the memory a file that its daemon can map, and its socket's path short", () => {
  const folder = `/state/${"x".repeat(200)}/vm`;
  const socketPath = `${folder}/virtiofsd.sock`;
  const share = { kind: "virtio-fs", id: "share", tag: "kataShared", socketPath } as const;
  const args = launchArguments(spec({ folder, devices: [share] }), facts);
  expect(values(args, "-object")).toContain("memory-backend-memfd,id=mem,size=256M,share=on");
  expect(values(args, "-chardev")).toContain("socket,id=share,path=virtiofsd.sock");
  const device = {
    ...{ driver: "vhost-user-fs-pci", id: "root06.share", bus: "pcie.0", addr: "06" },
    ...{ chardev: "share", tag: "kataShared" },
  };
  expect(listed(args)).toEqual([device]);
  const windowed = spec({
    folder,
    devices: [share],
    config: config({ virtioFSCacheSizeMiB: 512 }),
  });
  expect(listed(launchArguments(windowed, facts))).toEqual([{ ...device, "cache-size": "512M" }]);
});

test("the guest clears pages that virtiofsd fills, where QEMU would not see them change", () => {
  const share = { kind: "virtio-fs", id: "share", tag: "t", socketPath: "/s" } as const;
  const nine = { kind: "virtio-9p", id: "share", tag: "t", path: "/shared" } as const;
  const cleared = (device: Device, accelerator: "kvm" | "tcg") => {
    const [line] = values(
      launchArguments(spec({ devices: [device] }), { ...facts, accelerator }),
      "-append",
    );
    return / init_on_alloc=(\d) /.exec(line ?? "")?.[1];
  };
  expect(cleared(share, "tcg")).toBe("1");
  expect(cleared(share, "kvm")).toBe("0");
  expect(cleared(nine, "tcg")).toBe("0");
});

test("over 9p the VMM serves the folder itself, and a comma in its path begins no option", () => {
  const share = {
    kind: "virtio-9p",
    id: "share",
    tag: "kataShared",
    path: "/a,readonly=off/b",
  } as const;
  const args = launchArguments(spec({ devices: [share] }), facts);
  expect(values(args, "-fsdev")).toEqual([
    "local,id=share,path=/a,,readonly=off/b,security_model=none,multidevs=remap",
  ]);
  expect(listed(args)).toMatchObject([
    { driver: "virtio-9p-pci", addr: "06", fsdev: "share", mount_tag: "kataShared" },
  ]);
  expect(values(args, "-object")).not.toContain("memory-backend-memfd,id=mem,size=256M,share=on");
});

test("memory on huge pages or in a folder's files, allocated at once", () => {
  const huge = config({ hugePages: true, memPrealloc: true });
  expect(values(launchArguments(spec({ config: huge }), facts), "-object")).toContain(
    "memory-backend-memfd,id=mem,size=256M,prealloc=on,hugetlb=on,share=on",
  );
  const file = config({ fileBackedMemRootDir: "/dev/shm/a,b" });
  expect(values(launchArguments(spec({ config: file }), facts), "-object")).toContain(
    "memory-backend-file,id=mem,size=256M,mem-path=/dev/shm/a,,b,share=on",
  );
});

test("root ports and bridges get the slots that addresses are made of", () => {
  const own = config({ defaultBridges: 2, pcieRootPorts: 2 });
  const devices = values(launchArguments(spec({ config: own }), facts), "-device");
  expect(devices.filter((text) => /^pci(e-root-port|-bridge),/.test(text))).toEqual([
    "pci-bridge,id=br0,bus=pcie.0,addr=10,chassis_nr=1,shpc=off",
    "pci-bridge,id=br1,bus=pcie.0,addr=11,chassis_nr=2,shpc=off",
    "pcie-root-port,id=rp0,bus=pcie.0,addr=15,chassis=64",
    "pcie-root-port,id=rp1,bus=pcie.0,addr=16,chassis=65",
  ]);
  expect(devices.filter((text) => text.startsWith("virtio-rng-pci,")).length).toBe(2);
});

test("the configuration's own parameters come last, and replace defaults of their name", () => {
  const own = config({
    kernelParams: [
      { key: "agent.log", value: "debug" },
      { key: "nosmt", value: "" },
      { key: "note", value: "two words" },
    ],
    hypervisorParams: [
      { key: "no-hpet", value: "" },
      { key: "rtc", value: "base=utc" },
    ],
    imagePath: undefined,
    initrdPath: "/guest/initrd",
    debug: true,
  });
  const line = kernelCommandLine(own);
  expect(line).toMatch(
    / memhp_default_state=online agent\.hotplug_timeout=20 agent\.log=debug nosmt note="two words"$/,
  );
  expect(line).not.toMatch(/quiet|root=|agent\.log=info/);
  const args = launchArguments(spec({ config: own }), facts);
  expect(args.slice(-3)).toEqual(["-no-hpet", "-rtc", "base=utc"]);
  expect(values(args, "-initrd")).toEqual(["/guest/initrd"]);
});

test("control characters never reach an option", () => {
  const own = config({ entropySource: "/dev/ran\ndom" });
  expect(() => launchArguments(spec({ config: own }), facts)).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", field: "filename" }),
  );
});

describe("network interfaces", () => {
  const net = { kind: "network", id: "net0", mac: "02:00:00:00:00:01", mtu: 1500 } as const;
  const numbers = new Map([
    ["tap-net0-0", 9],
    ["tap-net0-1", 10],
    ["vhost-net0-0", 11],
    ["vhost-net0-1", 12],
  ]);
  const of = (device: NetworkDevice) => {
    const args = launchArguments(spec({ devices: [device] }), { ...facts, descriptors: numbers });
    return { netdev: values(args, "-netdev"), frontend: values(args, "-device").at(-1) };
  };

  test("have the taps that QEMU inherits, one pair of queues each", () => {
    const { netdev, frontend } = of({ ...net, taps: [40, 41], vhost: [42, 43] });
    expect(netdev).toEqual(["tap,id=net0,fds=9:10,vhost=on,vhostfds=11:12"]);
    expect(JSON.parse(frontend ?? "")).toMatchObject({
      driver: "virtio-net-pci",
      netdev: "net0",
      mac: net.mac,
      mq: true,
      vectors: 6,
      host_mtu: 1500,
      romfile: "",
    });
  });

  test("with one pair of queues have no more of them", () => {
    const { netdev, frontend } = of({ ...net, taps: [40] });
    expect(netdev).toEqual(["tap,id=net0,fds=9"]);
    expect(JSON.parse(frontend ?? "")).not.toHaveProperty("mq");
  });
});

describe("a microvm", () => {
  const microvm = config({ machineType: "microvm" });
  const disk = (id: string): DiskDevice => ({
    kind: "disk",
    id,
    path: `/disks/${id}`,
    format: "raw",
    readonly: true,
  });
  const nic: NetworkDevice = { kind: "network", id: "n0", mac: "02:00:00:00:00:01", taps: [9, 10] };

  test("has each device on a bus of its own, without what is PCI's, and disks by their names", () => {
    const devices: Device[] = [disk("d0"), nic, disk("d1"), { kind: "vsock", id: "vsock" }];
    const args = launchArguments(spec({ config: microvm, devices }), { ...facts, cid: 7 });
    expect(values(args, "-global")).toEqual(["virtio-mmio.force-legacy=false"]);
    expect(values(args, "-device").join("\n")).not.toMatch(/-pci|addr=|disable-legacy|pci-bridge/);
    expect(listed(args)).toEqual([
      { driver: "virtio-blk-device", drive: "d0", id: "mmio22.d0", bus: "virtio-mmio-bus.22" },
      {
        driver: "virtio-net-device",
        netdev: "n0",
        mac: "02:00:00:00:00:01",
        mq: true,
        id: "mmio7.n0",
        bus: "virtio-mmio-bus.7",
      },
      { driver: "virtio-blk-device", drive: "d1", id: "mmio21.d1", bus: "virtio-mmio-bus.21" },
      {
        driver: "vhost-vsock-device",
        "guest-cid": 7,
        id: "mmio1.vsock",
        bus: "virtio-mmio-bus.1",
      },
    ]);
    expect(coldAddresses(spec({ config: microvm, devices }))).toMatchObject({
      d0: { kind: "mmio", node: "vdb" },
      d1: { kind: "mmio", node: "vdc" },
    });
    const initrd = spec({ config: { ...microvm, imagePath: undefined }, devices });
    expect(coldAddresses(initrd)).toMatchObject({ d0: { kind: "mmio", node: "vda" } });
  });

  test("has buses for 15 disks, and the next one is refused", () => {
    const devices = (count: number) =>
      Array.from({ length: count }, (_, index) => disk(`d${index}`));
    const of = (count: number) => () =>
      coldAddresses(spec({ config: microvm, devices: devices(count) }));
    expect(of(15)()).toMatchObject({ d14: { kind: "mmio", node: "vdp" } });
    expect(of(16)).toThrow(
      expect.objectContaining({
        code: "NOT_SUPPORTED",
        field: "hypervisorConfig.hypervisorMachineType",
      }),
    );
  });

  test("is told the speed of its clock where it is emulated, and has timer interrupts of its own", () => {
    const line = kernelCommandLine(microvm, { tscKHz: 2_600_000 });
    expect(line).toContain(" tsc_early_khz=2600000");
    expect(line).not.toContain("nolapic_timer");
    expect(kernelCommandLine(config())).not.toContain("tsc_early_khz");
  });
});
