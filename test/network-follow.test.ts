/** Links that come to a guest while it is made or runs: by hooks, and by whoever changes its namespace. */
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { runcSpec } from "../packages/virtcontainers/test/container/support/runc-spec.ts";
import { leftovers, type TestInstance, testInstance } from "./support/instance.ts";
import { connectedTo, joined, run } from "./support/net/connected.ts";
import { cable, smallInternet, webServer } from "./support/net/internet.ts";
import { testNamespace } from "./support/net/namespace.ts";

let instance: TestInstance;
beforeAll(async () => {
  instance = await testInstance();
});
afterAll(async () => {
  await instance[Symbol.asyncDispose]();
  expect(leftovers(instance)).toEqual([]);
});

test.skipIf(process.getuid?.() !== 0)(
  "a prestart hook in docker's style fills the namespace of the VM's process, and the guest has its link",
  async () => {
    const server = await testNamespace();
    await webServer(server, "hooked");
    const there = `nsenter --net=${server.path} ip`;
    const own = 'nsenter "--net=/proc/$PID/ns/net" ip';
    const script = [
      `PID="$(sed 's/.*"pid":\\([0-9]*\\).*/\\1/')"`,
      "set -e",
      `${there} link add down0 type veth peer name eth0 netns "$PID"`,
      `${there} addr add 10.9.0.1/24 dev down0`,
      `${there} link set down0 up`,
      `${own} addr add 10.9.0.2/24 dev eth0`,
      `${own} link set eth0 up`,
      `${own} route add default via 10.9.0.1`,
    ].join("\n");
    const env = [`PATH=${process.env.PATH}`];
    const prestart = [{ path: "/bin/sh", args: ["sh", "-c", script], env }];
    const spec = runcSpec();
    spec.process.terminal = false;
    const sandbox = await instance.vc.runSandbox({
      id: "hooked",
      networkConfig: {},
      containers: [
        { id: "main", image: "busybox", waits: true, customSpec: { ...spec, hooks: { prestart } } },
      ],
    });
    onTestFinished(() => instance.vc.deleteSandbox("hooked", { force: true }).catch(() => {}));
    expect(await run(sandbox, "wget", "-qO-", "http://10.9.0.1/")).toContain("hooked");
    await server.run(["busybox", "ping", "-c1", "-W5", "10.9.0.2"]);
    await sandbox.delete({ force: true });
    expect(await server.ip("-o", "link")).not.toContain("down0");
  },
);

test.skipIf(process.getuid?.() !== 0)(
  "a guest whose network is followed has each link, address and route as its namespace has it",
  async () => {
    const { sandbox: netns, server } = await smallInternet();
    await webServer(server, "followed");
    const sandbox = await connectedTo(instance, netns, "followed");
    const leave = new AbortController();
    const changes = sandbox.followNetwork({ signal: leave.signal });
    /** Reads on until the guest is as it should be. */
    const until = async (type: string, name: string, isSo: () => Promise<boolean>) => {
      for (;;) {
        const { value, done } = await changes.next();
        if (done) throw new Error("it ended too early");
        if (value.type === type && value.name === name && (await isSo())) return;
      }
    };
    const guest = (...args: string[]) => run(sandbox, "ip", ...args);

    await cable(
      { namespace: netns, name: "eth1", addresses: ["10.8.0.2/24", "fd08::2/64"] },
      { namespace: server, name: "down1", addresses: ["10.8.0.1/24", "fd08::1/64"] },
    );
    await until("added", "eth1", async () => true);
    expect(await run(sandbox, "wget", "-qO-", "http://10.8.0.1/")).toContain("followed");

    await netns.ip("addr", "add", "10.7.0.7/24", "dev", "eth1");
    await until("changed", "eth1", async () =>
      (await guest("addr", "show", "eth1")).includes("10.7.0.7/24"),
    );
    await netns.ip("route", "add", "198.51.100.0/24", "via", "10.8.0.1");
    await until("changed", "eth1", async () =>
      (await guest("route")).includes("198.51.100.0/24 via 10.8.0.1"),
    );
    await netns.ip("link", "del", "eth1");
    await until("removed", "eth1", async () => !(await guest("link")).includes("eth1"));
    // What was there before is as it was.
    expect(await run(sandbox, "wget", "-qO-", "http://192.0.2.1/")).toContain("followed");
    expect((await joined(netns)).links).toEqual(["lo", "eth0", "tap0_kata"]);

    const end = changes.next();
    await sandbox.stop();
    expect(await end).toEqual({ done: true, value: undefined });
  },
);
