import { expect, test } from "vitest";
import { kernelCommandLine } from "../../../src/hypervisor/firecracker/cmdline.ts";

const plain = { kernelParams: [], rootFsType: "erofs", debug: false } as const;

function words(line: string): string[] {
  return line.split(" ");
}

test("a reset ends Firecracker, and there is no UART to wait for", () => {
  const line = words(kernelCommandLine(plain));
  expect(line).toEqual(
    expect.arrayContaining(["reboot=k", "panic=-1", "8250.nr_uarts=0", "quiet"]),
  );
  expect(line).not.toContain("console=ttyS0");
});

test("what Firecracker adds by itself is left to it", () => {
  const keys = words(kernelCommandLine(plain)).map((word) => word.split("=")[0]);
  for (const key of ["root", "ro", "rw", "pci", "virtio_mmio.device"])
    expect(keys).not.toContain(key);
});

test("with debug the guest has a console", () => {
  const line = words(kernelCommandLine({ ...plain, debug: true }));
  expect(line).toEqual(expect.arrayContaining(["console=ttyS0", "loglevel=7"]));
  expect(line).not.toContain("8250.nr_uarts=0");
  expect(line).not.toContain("quiet");
});

test("a root image has its file system and its init; with an initrd alone there is neither", () => {
  expect(words(kernelCommandLine(plain))).toEqual(
    expect.arrayContaining(["rootfstype=erofs", "init=/sbin/init"]),
  );
  const line = kernelCommandLine({ ...plain, rootFsType: undefined });
  expect(line).not.toMatch(/rootfstype|init=/);
});

test("a parameter of the configuration replaces the default of its name, and spaces are quoted", () => {
  const kernelParams = [
    { key: "panic", value: "10" },
    { key: "nosmt", value: "" },
    { key: "dyndbg", value: "file a.c +p" },
  ];
  const line = kernelCommandLine({ ...plain, kernelParams });
  expect(words(line).filter((word) => word.startsWith("panic="))).toEqual(["panic=10"]);
  expect(words(line)).toContain("nosmt");
  expect(line).toContain('dyndbg="file a.c +p"');
});

test("the guest is told the disk for its log by the name that its kernel gives it", () => {
  const logDisk = { kind: "mmio", node: "vdb" } as const;
  expect(words(kernelCommandLine({ ...plain, logDisk }))).toContain("agent.log_disk=mmio/vdb");
});
