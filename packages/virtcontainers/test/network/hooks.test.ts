import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createHost } from "../../src/host/real.ts";
import type { ContainerConfig, OciSpec } from "../../src/index.ts";
import { createTestInstance } from "../../src/testing/index.ts";
import { runcSpec } from "../container/support/runc-spec.ts";
import { testFolder } from "../support/folder.ts";
import { leftovers } from "../support/leftovers.ts";
import { refusal } from "../support/refusal.ts";

const { network, uid } = createHost();

type Hook = NonNullable<NonNullable<OciSpec["hooks"]>["prestart"]>[number];

/** A container whose hook is a script; $STATE is what it reads. */
function hooked(script: string, more: Partial<Hook> = {}): ContainerConfig {
  const spec = runcSpec();
  spec.process.terminal = false;
  const args = ["sh", "-c", `STATE="$(cat)"\n${script}`];
  const env = [`PATH=${process.env.PATH}`];
  const prestart = [{ path: "/bin/sh", args, env, ...more }];
  return { id: "c1", image: "busybox", waits: true, customSpec: { ...spec, hooks: { prestart } } };
}

/** A veth with the guest's address in a namespace, whose other end is there too. */
const fill = (enter: string): string =>
  [
    "link add eth0 type veth peer name far0",
    "link set eth0 address 02:00:00:00:00:05",
    "address add 10.1.0.5/24 dev eth0",
    "link set far0 up",
    "link set eth0 up",
    "route add default via 10.1.0.1",
  ]
    .map((line) => `${enter} ip ${line} || exit 1`)
    .join("\n");

/** Docker's style: the namespace is that of the process that the state names. */
const byPid = `PID="$(echo "$STATE" | sed 's/.*"pid":\\([0-9]*\\).*/\\1/')"
${fill('nsenter "--net=/proc/$PID/ns/net"')}`;

const noHotplug = { capabilities: { hotPlug: ["disk"] } } as const;

describe.skipIf(uid !== 0)("hooks that fill the namespace (need root)", () => {
  test("find it by the VM's process, and the guest is given what they put there", async () => {
    const folder = await testFolder();
    await using instance = await createTestInstance({ folder });
    const containers = [hooked(byPid)];
    const sandbox = await instance.vc.createSandbox({ id: "sb", networkConfig: {}, containers });
    expect(instance.agent("sb").requests("UpdateInterface")).toMatchObject([
      { interface: { name: "eth0", IPAddresses: [{ address: "10.1.0.5", mask: "24" }] } },
    ]);
    expect((await sandbox.listInterfaces()).map(({ name }) => name)).toContain("eth0");
    expect((await sandbox.listRoutes()).map(({ gateway }) => gateway)).toContain("10.1.0.1");
    await sandbox.delete({ force: true });
    expect(await leftovers(folder)).toEqual([]);
  });

  test("run before the VM where one that runs can't be given links", async () => {
    const folder = await testFolder();
    const path = join(folder, "filled");
    onTestFinished(() => network.removeNamespace(path));
    await network.makeNamespace(path);
    await using instance = await createTestInstance({ folder, ...noHotplug });
    const trace = join(folder, "trace");
    const containers = [hooked(`echo "$STATE" > ${trace}\n${fill(`nsenter --net=${path}`)}`)];
    const networkConfig = { netNSPath: path };
    const sandbox = await instance.vc.createSandbox({ id: "sb", networkConfig, containers });
    expect(JSON.parse(readFileSync(trace, "utf8"))).toMatchObject({ id: "c1", pid: 0 });
    expect((await sandbox.listInterfaces()).map(({ name }) => name)).toContain("eth0");
    await sandbox.delete({ force: true });
    // Only what was put there is left.
    const { stdout } = await network.run(path, "tc", ["qdisc", "show"]);
    expect(stdout).not.toContain("ingress");
  });

  test("undo all when one of them fails", async () => {
    const folder = await testFolder();
    await using instance = await createTestInstance({ folder });
    const create = (script: string) =>
      instance.vc.createSandbox({ id: "sb", networkConfig: {}, containers: [hooked(script)] });
    await refusal(create(`${byPid}\nexit 3`), "HOOK_FAILED");
    expect(await instance.vc.listSandbox()).toEqual([]);
    expect(await leftovers(folder)).toEqual([]);
    expect(existsSync(join(folder, "state/sbs/sb"))).toBe(false);
  });

  test("of docker are refused where they can't be waited for", async () => {
    await using instance = await createTestInstance({ ...noHotplug });
    const args = ["docker-runc", "libnetwork-setkey", "id"];
    const containers = [hooked("", { args })];
    const refused = await refusal(
      instance.vc.createSandbox({ id: "sb", networkConfig: {}, containers }),
      "NOT_SUPPORTED",
    );
    expect(refused).toMatchObject({ field: "containers.0.customSpec.hooks" });
  });
});
