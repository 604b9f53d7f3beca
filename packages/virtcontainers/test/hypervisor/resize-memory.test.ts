import { expect, test } from "vitest";
import type { QemuConfig } from "../../src/hypervisor/qemu/config.ts";
import { Qmp } from "../../src/hypervisor/qemu/control.ts";
import { resizeMemory } from "../../src/hypervisor/qemu/memory/resize.ts";
import { soon } from "../support/soon.ts";
import { answering, scripted } from "./support/qmp-server.ts";
import { config } from "./support/spec.ts";

const mib = 1024 * 1024;

interface Guest {
  /** Plugged in before, in MiB. */
  dimms?: number[];
  virtioMem?: boolean;
  /** What the guest answers to a new module; undefined: nothing. */
  ost?: number;
  refuse?: boolean;
  /** Another process sees the memory that it has had from the start. */
  shared?: boolean;
  objects?: string[];
}

/** QEMU as far as memory goes, 256 MiB at start, with a guest that follows. */
async function machine(guest: Guest = {}, more: Partial<QemuConfig> = {}) {
  const log: string[] = [];
  const dimms = [...(guest.dimms ?? [])];
  const devices: string[] = ["br0"];
  const objects = [...(guest.objects ?? [])];
  let virtioMem = 0;
  let balloon = 0;
  const total = (): number => 256 + virtioMem + dimms.reduce((sum, size) => sum + size, 0);
  const stream = await scripted(
    answering((command, args, client) => {
      const asked = new Map(Object.entries(args ?? {}));
      const tell = (event: string, data: object): void => {
        setImmediate(() => client.write(`${JSON.stringify({ event, data })}\n`));
      };
      switch (command) {
        case "query-memory-size-summary":
          return { return: { "base-memory": 256 * mib, "plugged-memory": (total() - 256) * mib } };
        case "query-memory-devices":
          return {
            return: [
              { type: "nvdimm", data: { id: "image0" } },
              ...dimms.map((_, index) => ({ type: "dimm", data: { id: `dimm${index}` } })),
              ...(guest.virtioMem
                ? [
                    {
                      type: "virtio-mem",
                      data: { size: virtioMem * mib, "max-size": 768 * mib, "block-size": 2 * mib },
                    },
                  ]
                : []),
            ],
          };
        case "query-balloon":
          return { return: { actual: (total() - balloon) * mib } };
        case "qom-get":
          return { return: guest.shared ?? false };
        case "qom-list": {
          const names = asked.get("path") === "/objects" ? objects : devices;
          return { return: names.map((name) => ({ name, type: "child<x>" })) };
        }
        case "object-add":
          objects.push(String(asked.get("id")));
          log.push(`object ${asked.get("qom-type")} ${Number(asked.get("size")) / mib}`);
          return { return: {} };
        case "object-del":
          log.push(`no object ${asked.get("id")}`);
          return { return: {} };
        case "device_add": {
          const id = String(asked.get("id"));
          if (guest.refuse) return { error: { class: "GenericError", desc: "no room" } };
          devices.push(id);
          log.push(`device ${id}`);
          if (asked.get("driver") !== "pc-dimm") return { return: {} };
          const size = Number(log.at(-2)?.split(" ").at(-1));
          dimms.push(size);
          if (guest.ost !== undefined)
            tell("ACPI_DEVICE_OST", { info: { device: id, status: guest.ost } });
          return { return: {} };
        }
        case "balloon": {
          const value = Number(asked.get("value"));
          balloon = total() - value / mib;
          log.push(`balloon ${value / mib}`);
          tell("BALLOON_CHANGE", { actual: value });
          return { return: {} };
        }
        case "qom-set": {
          virtioMem = Number(asked.get("value")) / mib;
          log.push(`virtio-mem ${virtioMem}`);
          tell("MEMORY_DEVICE_SIZE_CHANGE", { size: virtioMem * mib });
          return { return: {} };
        }
        default:
          return command === "qmp_capabilities" ? { return: {} } : undefined;
      }
    }),
  );
  const own = config({ memSlots: 2, defaultMaxMemoryMiB: 1024, ...more });
  const qmp = await Qmp.open(stream, soon());
  return {
    log,
    resize: (memoryMiB: number, spareMiB?: number) =>
      resizeMemory(qmp, { memoryMiB, spareMiB }, own, soon()),
  };
}

test("memory grows by modules of whole blocks of 128 MiB", async () => {
  const { log, resize } = await machine({ ost: 0 });
  expect(await resize(300)).toBe(384);
  expect(await resize(640)).toBe(640);
  expect(log).toEqual([
    "object memory-backend-ram 128",
    "device dimm0",
    "object memory-backend-ram 256",
    "device dimm1",
  ]);
});

test("new memory is held as the first is: shared with another process, or a file", async () => {
  const shared = await machine({ ost: 0, shared: true });
  await shared.resize(384);
  expect(shared.log[0]).toBe("object memory-backend-memfd 128");
  const file = await machine({ ost: 0 }, { fileBackedMemRootDir: "/mem" });
  await file.resize(384);
  expect(file.log[0]).toBe("object memory-backend-file 128");
});

test("memory shrinks by a balloon, plugged in when first needed, which growth lets out first", async () => {
  const { log, resize } = await machine({ ost: 0 });
  expect(await resize(200)).toBe(200);
  expect(await resize(150)).toBe(150);
  expect(await resize(230)).toBe(230);
  expect(await resize(384)).toBe(384);
  expect(log).toEqual([
    "device br0s1.balloon",
    "balloon 200",
    "balloon 150",
    "balloon 230",
    "balloon 256",
    "object memory-backend-ram 128",
    "device dimm0",
  ]);
});

test("no more is taken back than the guest can spare, and nothing is changed", async () => {
  const { log, resize } = await machine({ dimms: [128], ost: 0 });
  await expect(resize(200, 150)).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    field: "memoryMiB",
    message: expect.stringContaining("it needs 234 or more"),
  });
  expect(log).toEqual([]);
  expect(await resize(234, 150)).toBe(234);
  expect(await resize(384, 0)).toBe(384);
});

test("virtio-mem grows and shrinks; only below what the VM began with comes the balloon", async () => {
  const { log, resize } = await machine({ virtioMem: true }, { virtioMem: true, memSlots: 0 });
  expect(await resize(513)).toBe(514);
  expect(await resize(400)).toBe(400);
  expect(await resize(200)).toBe(200);
  expect(log).toEqual([
    "virtio-mem 258",
    "virtio-mem 144",
    "virtio-mem 0",
    "device br0s1.balloon",
    "balloon 200",
  ]);
});

test("what there is no room for is refused before anything is changed", async () => {
  const { log, resize } = await machine({ dimms: [128, 128], ost: 0 });
  await expect(resize(1025)).rejects.toMatchObject({
    code: "NOT_SUPPORTED",
    message: expect.stringContaining("at most 1024 MiB"),
  });
  await expect(resize(600)).rejects.toMatchObject({
    code: "NOT_SUPPORTED",
    hint: expect.stringContaining("memSlots"),
  });
  expect(log).toEqual([]);
});

test("a guest that refuses memory is told of, and a refused device leaves nothing", async () => {
  const guest = await machine({ ost: 2 });
  await expect(guest.resize(384)).rejects.toMatchObject({
    code: "NOT_SUPPORTED",
    message: expect.stringContaining("status 2"),
  });
  const host = await machine({ refuse: true });
  await expect(host.resize(384)).rejects.toMatchObject({ code: "HYPERVISOR_FAILED" });
  expect(host.log.at(-1)).toBe("no object mem-dimm0");
});

test("what an earlier, cut off growth has left is cleared first", async () => {
  const { log, resize } = await machine({ ost: 0, objects: ["mem-dimm0"] });
  await resize(384);
  expect(log[0]).toBe("no object mem-dimm0");
});
