import * as v from "valibot";
import { expect, test } from "vitest";
import { readList, readSingle } from "../../../src/network/cni/config-list.ts";
import { ResultSchema, toAttachment } from "../../../src/network/cni/result.ts";
import { thrown } from "../../support/refusal.ts";

const list = (more: object = {}) => ({
  cniVersion: "1.0.0",
  name: "net",
  plugins: [{ type: "bridge", bridge: "br0" }],
  ...more,
});

test("a list has what it says, and the plugins' own fields stay", () => {
  expect(readList(list({ disableCheck: "true", disableGC: true }), "f")).toEqual({
    name: "net",
    cniVersion: "1.0.0",
    disableCheck: true,
    disableGC: true,
    plugins: [{ type: "bridge", bridge: "br0" }],
  });
  expect(readSingle({ cniVersion: "0.3.1", name: "one", type: "ptp", mtu: 9000 }, "f")).toEqual({
    name: "one",
    cniVersion: "0.3.1",
    disableCheck: false,
    disableGC: false,
    plugins: [{ type: "ptp", mtu: 9000 }],
  });
});

test("of several versions the newest that is spoken here is taken", () => {
  expect(readList(list({ cniVersions: ["0.4.0", "1.1.0", "9.0.0"] }), "f").cniVersion).toBe(
    "1.1.0",
  );
});

test.each([
  ["NOT_SUPPORTED", { cniVersion: "0.2.0" }, "f.cniVersion: 0.2.0 is not supported"],
  ["NOT_SUPPORTED", { cniVersion: undefined }, "0.1.0"],
  ["INVALID_ARGUMENT", { name: "../x" }, "f.name"],
  ["INVALID_ARGUMENT", { plugins: [] }, "a network needs a plugin"],
  ["INVALID_ARGUMENT", { plugins: [{ type: "/bin/sh" }] }, "never a path"],
  ["INVALID_ARGUMENT", { plugins: [{ type: "../../bin/sh" }] }, "never a path"],
  ["INVALID_ARGUMENT", { plugins: [{ type: "bridge", ipam: { type: "a/b" } }] }, "never a path"],
])("%s: a list with %j", (code, more, text) => {
  const error = thrown(() => readList(list(more), "f"));
  expect(error.code).toBe(code);
  expect(error.message).toContain(text);
});

test("results of each version become one attachment", () => {
  const base = {
    interfaces: [
      { name: "br0", mac: "02:00:00:00:00:01" },
      { name: "eth0", mac: "02:00:00:00:00:AB", sandbox: "/ns", mtu: 1400 },
    ],
    routes: [{ dst: "0.0.0.0/0", gw: "10.1.2.1", priority: 5 }],
    dns: { nameservers: ["10.1.2.1"], search: ["test"] },
  };
  const ip = { address: "10.1.2.3/24", gateway: "10.1.2.1", interface: 1 };
  const other = { address: "10.9.9.9/24", interface: 0 };
  for (const ips of [[{ version: "4", ...ip }], [ip, other]]) {
    const read = v.parse(ResultSchema, { ...base, ips });
    expect(toAttachment(read, "net", "eth0")).toEqual({
      network: "net",
      ifName: "eth0",
      mac: "02:00:00:00:00:ab",
      mtu: 1400,
      addresses: ["10.1.2.3/24"],
      gateways: ["10.1.2.1"],
      routes: [{ dst: "0.0.0.0/0", gateway: "10.1.2.1", priority: 5 }],
      dns: { nameservers: ["10.1.2.1"], search: ["test"], options: [] },
    });
  }
  expect(toAttachment(v.parse(ResultSchema, {}), "net", "eth0").addresses).toEqual([]);
});
