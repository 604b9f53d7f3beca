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
async function machine(
  devices: string[],
  nodes: string[] = [],
  refuse = false,
  passes = false,
  shared = false,
) {
  const log: string[] = [];
  const chardevs: string[] = [];
  const netdevs: string[] = [];
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
        case "getfd":
          return { return: {} };
        case "qom-get":
          return { return: shared };
        case "query-kvm":
          return { return: { enabled: false, present: true } };
        case "add-fd":
          return { return: { "fdset-id": 3, fd: 27 } };
        case "chardev-add":
          chardevs.push(values[0] ?? "");
          return { return: {} };
        case "chardev-remove": {
          const at = chardevs.indexOf(values[0] ?? "");
          if (at < 0)
            return { error: { class: "GenericError", desc: `Chardev '${values[0]}' not found` } };
          chardevs.splice(at, 1);
          return { return: {} };
        }
        case "netdev_add":
          netdevs.push(values[1] ?? "");
          return { return: {} };
        case "netdev_del": {
          const at = netdevs.indexOf(values[0] ?? "");
          if (at < 0)
            return { error: { class: "DeviceNotFound", desc: `Device '${values[0]}' not found` } };
          netdevs.splice(at, 1);
          return { return: {} };
        }
        case "device_add": {
          const id = values.find((value) => /\.(disk|net0)$/.test(value));
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
  return {
    qmp: await Qmp.open(stream, soon(), passes ? (bytes) => stream.write(bytes) : undefined),
    devices,
    nodes,
    netdevs,
    chardevs,
    log,
  };
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

const net = {
  kind: "network",
  id: "net0",
  mac: "02:00:00:00:00:01",
  mtu: 1400,
  taps: [1, 2],
} as const;

test("an interface gets the taps that QEMU was handed, and leaves nothing when it goes", async () => {
  const { qmp, devices, netdevs, log } = await machine(["br0"], [], false, true);
  await attachDevice(qmp, net, onHost, config(), soon());
  const said = (command: string) => log.filter((line) => line.startsWith(`${command} `));
  expect(said("getfd")).toEqual(['getfd {"fdname":"tap-net0-0"}', 'getfd {"fdname":"tap-net0-1"}']);
  expect(said("netdev_add")).toEqual([
    'netdev_add {"type":"tap","id":"net0","fds":"tap-net0-0:tap-net0-1"}',
  ]);
  expect(said("device_add")[0]).toContain('"mq":true,"vectors":6,"host_mtu":1400');
  expect([devices.at(-1), netdevs]).toEqual(["br0s1.net0", ["net0"]]);
  await detachDevice(qmp, "net0", soon());
  expect([devices, netdevs]).toEqual([["br0"], []]);
  await detachDevice(qmp, "net0", soon());
});

test("a refused interface leaves no taps with QEMU", async () => {
  const { qmp, netdevs } = await machine([], [], true, true);
  await expect(attachDevice(qmp, net, onHost, config(), soon())).rejects.toThrow("no bus");
  expect(netdevs).toEqual([]);
});

const served = {
  kind: "vhost-user",
  id: "net0",
  serves: "network",
  socketPath: "/run/switch.sock",
  mac: "02:00:00:00:00:01",
  mtu: 1400,
  queues: 1,
} as const;
const handed = { folder: "/state/sb/vm", fd: 5 };

test("an interface that another process serves is found by the socket that QEMU was handed", async () => {
  const { qmp, devices, netdevs, chardevs, log } = await machine([], [], false, true, true);
  await attachDevice(qmp, served, handed, config(), soon());
  const said = (command: string) => log.find((line) => line.startsWith(`${command} `));
  expect(said("chardev-add")).toContain(
    '"addr":{"type":"unix","data":{"path":"/proc/self/fd/27"}}',
  );
  expect(said("netdev_add")).toContain(
    '{"type":"vhost-user","id":"net0","chardev":"net0","queues":1}',
  );
  expect([devices.length, netdevs, chardevs]).toEqual([1, ["net0"], ["net0"]]);
  // QEMU without KVM can't pass on its interrupts by MSI-X.
  expect(said("device_add")).toContain('"vectors":0');
  await detachDevice(qmp, "net0", soon());
  expect([devices, netdevs, chardevs]).toEqual([[], [], []]);
});

test("one that is refused leaves nothing, and a VM whose memory is its own can have none", async () => {
  const refusing = await machine([], [], true, true, true);
  await expect(attachDevice(refusing.qmp, served, handed, config(), soon())).rejects.toThrow(
    "no bus",
  );
  expect([refusing.netdevs, refusing.chardevs]).toEqual([[], []]);
  const own = await machine([], [], false, true, false);
  await expect(attachDevice(own.qmp, served, handed, config(), soon())).rejects.toMatchObject({
    code: "NOT_SUPPORTED",
  });
  expect([own.netdevs, own.chardevs]).toEqual([[], []]);
});
