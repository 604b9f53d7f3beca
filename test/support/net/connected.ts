import type { Sandbox } from "virtcontainers";
import { expect, onTestFinished } from "vitest";
import type { TestInstance } from "../instance.ts";
import type { TestNamespace } from "./namespace.ts";

/** A sandbox in a namespace that a test has filled; gone with the test. */
export async function connectedTo(
  { vc }: Pick<TestInstance, "vc">,
  netns: Pick<TestNamespace, "path">,
  id: string,
  more: object = {},
): Promise<Sandbox> {
  const sandbox = await vc.runSandbox({
    id,
    containers: [{ id: "main", image: "busybox", waits: true }],
    networkConfig: { netNSPath: netns.path },
    ...more,
  });
  onTestFinished(() => vc.deleteSandbox(id, { force: true }).catch(() => {}));
  return sandbox;
}

/** What a command of the guest prints. */
export async function run(sandbox: Sandbox, ...argv: string[]): Promise<string> {
  return (await sandbox.exec(argv, { check: true, timeoutMs: 30_000 })).stdout;
}

/** Traffic both ways, IPv4 and IPv6, with the world of a small internet. */
export async function crosses(sandbox: Sandbox, server: TestNamespace): Promise<void> {
  for (const address of ["192.0.2.1", "[2001:db8::1]"])
    expect(await run(sandbox, "wget", "-qO-", `http://${address}/`)).toMatch(/10\.9\.0\.2|fd09::2/);
  await server.run(["busybox", "ping", "-c1", "-W5", "10.9.0.2"]);
  await server.run(["busybox", "ping", "-6", "-c1", "-W5", "fd09::2"]);
}

/** What joins a namespace's link with a guest, as far as it can be seen. */
export async function joined(
  namespace: TestNamespace,
): Promise<{ links: string[]; qdiscs: string }> {
  const links = await namespace.ip("-o", "link", "show");
  const names = links.split("\n").flatMap((line) => /^\d+: ([^:@]+)/.exec(line)?.[1] ?? []);
  return { links: names, qdiscs: await namespace.run(["tc", "qdisc", "show", "dev", "eth0"]) };
}

/** Of a namespace with one link that is not joined with anything. */
export const untouched = {
  links: ["lo", "eth0"],
  qdiscs: expect.not.stringContaining("ingress"),
};
