/** Links that come to a guest while it is made or runs: by hooks, and by whoever changes its namespace. */
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { runcSpec } from "../packages/virtcontainers/test/container/support/runc-spec.ts";
import { leftovers, type TestInstance, testInstance } from "./support/instance.ts";
import { run } from "./support/net/connected.ts";
import { webServer } from "./support/net/internet.ts";
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
