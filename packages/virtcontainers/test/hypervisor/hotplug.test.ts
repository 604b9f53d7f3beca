import { expect, test } from "vitest";
import { Qmp } from "../../src/hypervisor/qemu/control.ts";
import { attachDevice, detachDevice } from "../../src/hypervisor/qemu/hotplug.ts";
import { soon } from "../support/soon.ts";
import { answering, scripted } from "./support/qmp-server.ts";
import { config } from "./support/spec.ts";

const onHost = { folder: "/state/sb/vm", fd: undefined };
const drive = {
  kind: "disk",
  id: "disk",
  path: "/images/a",
  format: "raw",
  readonly: true,
} as const;

/** QEMU as far as plugging goes: devices, block nodes, and a guest that lets go when told. */
async function machine(devices: string[], nodes: string[] = [], refuse = false) {
  const log: string[] = [];
  const stream = await scripted(
    answering((command, args, client) => {
      log.push(`${command} ${JSON.stringify(args)}`);
      const values = Object.values(args ?? {}).map(String);
      switch (command) {
        case "qom-list":
          return { return: devices.map((name) => ({ name, type: "child<x>" })) };
        case "query-named-block-nodes":
          return { return: nodes.map((name) => ({ "node-name": name })) };
        case "blockdev-add":
          nodes.push("disk");
          return { return: {} };
        case "blockdev-del":
          nodes.splice(nodes.indexOf(values[0] ?? ""), 1);
          return { return: {} };
        case "device_add": {
          const id = values.find((value) => value.includes(".disk"));
          if (refuse) return { error: { class: "GenericError", desc: "no bus" } };
          devices.push(id ?? "");
          return { return: {} };
        }
        case "device_del":
          devices.splice(devices.indexOf(values[0] ?? ""), 1);
          client.write(
            `{"event":"DEVICE_DELETED","data":{"path":"/machine/peripheral/${values[0]}/x"}}\n`,
          );
          client.write(`{"event":"DEVICE_DELETED","data":{"device":"${values[0]}"}}\n`);
          return { return: {} };
        default:
          return { error: { class: "CommandNotFound", desc: command } };
      }
    }),
  );
  return { qmp: await Qmp.open(stream, soon()), devices, nodes, log };
}

test("the lowest free place is taken, as QEMU tells it", async () => {
  const { qmp, devices, nodes } = await machine(["br0", "serial0", "br0s1.other", "br0s3.third"]);
  const address = await attachDevice(qmp, drive, onHost, config(), soon());
  expect(address).toEqual({ kind: "pci", path: "10/02" });
  expect(devices.at(-1)).toBe("br0s2.disk");
  await detachDevice(qmp, "disk", soon());
  expect([devices.length, nodes]).toEqual([4, []]);
  await detachDevice(qmp, "disk", soon());
});

test("root ports come before bridges; SCSI disks have their own numbers", async () => {
  const { qmp } = await machine(["rp0", "rp0.other"]);
  expect(await attachDevice(qmp, drive, onHost, config({ pcieRootPorts: 2 }), soon())).toEqual({
    kind: "pci",
    path: "16/00",
  });
  const scsi = await machine(Array.from({ length: 300 }, (_, index) => `scsi${index}.d${index}`));
  expect(
    await attachDevice(
      scsi.qmp,
      drive,
      onHost,
      config({ blockDeviceDriver: "virtio-scsi" }),
      soon(),
    ),
  ).toEqual({
    kind: "scsi",
    address: "1:44",
  });
});

test("a device that is there is not plugged again, and a full machine says so", async () => {
  const there = await machine(["br0s7.disk"]);
  await expect(attachDevice(there.qmp, drive, onHost, config(), soon())).rejects.toMatchObject({
    code: "ALREADY_EXISTS",
  });
  const full = await machine([]);
  await expect(
    attachDevice(full.qmp, drive, onHost, config({ defaultBridges: 0 }), soon()),
  ).rejects.toMatchObject({
    code: "NOT_SUPPORTED",
    hint: expect.stringContaining("defaultBridges"),
  });
  expect(full.log.some((line) => line.startsWith("blockdev-add"))).toBe(false);
});

test("what an earlier, cut off plug has left is cleared first", async () => {
  const { qmp, nodes, log } = await machine([], ["disk"]);
  await attachDevice(qmp, drive, onHost, config(), soon());
  expect(nodes).toEqual(["disk"]);
  expect(log.findIndex((line) => line.startsWith("blockdev-del"))).toBeLessThan(
    log.findIndex((line) => line.startsWith("blockdev-add")),
  );
});

test("a refused disk leaves nothing", async () => {
  const { qmp, devices, nodes, log } = await machine([], [], true);
  await expect(attachDevice(qmp, drive, onHost, config(), soon())).rejects.toMatchObject({
    code: "HYPERVISOR_FAILED",
    message: expect.stringContaining("no bus"),
  });
  expect(log.at(-1)).toBe('blockdev-del {"node-name":"disk"}');
  expect([devices, nodes]).toEqual([[], []]);
});
