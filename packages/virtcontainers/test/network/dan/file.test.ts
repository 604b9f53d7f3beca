import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { readDan } from "../../../src/network/dan/links.ts";
import { refusal } from "../../support/refusal.ts";

const info = {
  interface: { ip_addresses: ["10.0.0.2/24"], mtu: 1500, ntype: "tuntap", flags: 0 },
  routes: [{ dest: "", gateway: "10.0.0.1", source: "", scope: 0 }],
  neighbors: [],
};
const device = { type: "vhost-user", path: "/run/switch.sock", queue_num: 2, queue_size: 256 };
const dan = { name: "eth0", guest_mac: "02:00:00:00:00:01", device, network_info: info };

function file(content: unknown): string {
  const folder = mkdtempSync(join(tmpdir(), "vc-dan-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "dan.json");
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

const fieldOf = async (content: unknown): Promise<string | undefined> =>
  (await refusal((async () => readDan(file(content)))())).field;

describe("a file of directly attachable networks", () => {
  test("is read with what it leaves out", () => {
    const { netns, devices } = readDan(file({ devices: [dan] }));
    expect(netns).toBeUndefined();
    expect(devices).toMatchObject([{ name: "eth0", device: { type: "vhost-user" } }]);
    expect(
      readDan(file({ netns: null, devices: [{ ...dan, network_info: { interface: {} } }] }))
        .devices,
    ).toMatchObject([{ network_info: { interface: { mtu: 1500, flags: 0 }, routes: [] } }]);
  });

  const at = "networkConfig.danConfigPath";
  const tap = { type: "host-tap", tap_name: "tap0" };
  const changed = (more: object) => ({ devices: [{ ...dan, ...more }] });
  test.each<[string, unknown, string]>([
    ["no JSON", "{", at],
    ["no object", 7, at],
    ["no devices", { devices: [] }, `${at}.devices`],
    ["what is not known", { devices: [dan], more: 1 }, `${at}.more`],
    ["a name that is none", changed({ name: "a/b" }), `${at}.devices.0.name`],
    ["an address that is none", changed({ guest_mac: "01" }), `${at}.devices.0.guest_mac`],
    ["a type that is none", changed({ device: { type: "x" } }), `${at}.devices.0.device.type`],
    [
      "a path that is none",
      changed({ device: { ...device, path: "x" } }),
      `${at}.devices.0.device.path`,
    ],
    [
      "queues of a size that is none",
      changed({ device: { ...device, queue_size: 3 } }),
      `${at}.devices.0.device.queue_size`,
    ],
    [
      "a block that is none",
      changed({ network_info: { interface: { ip_addresses: ["10.0.0.2"] } } }),
      `${at}.devices.0.network_info.interface.ip_addresses.0`,
    ],
    [
      "a gateway that is none",
      changed({ network_info: { ...info, routes: [{ gateway: "x" }] } }),
      `${at}.devices.0.network_info.routes.0.gateway`,
    ],
    ["a device twice", { devices: [dan, dan] }, `${at}.devices`],
    ["a tap without a namespace", changed({ device: tap }), `${at}.netns`],
  ])("with %s is refused by its field", async (_, content, field) => {
    expect(await fieldOf(content)).toBe(field);
  });

  test("that is not there, or that others may write, is refused", async () => {
    expect((await refusal((async () => readDan("/nonexistent/x.json"))())).field).toBe(at);
    const path = file({ devices: [dan] });
    chmodSync(path, 0o666);
    await refusal((async () => readDan(path))(), "HOST_REQUIREMENT");
  });
});
