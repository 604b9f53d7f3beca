import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Sandbox } from "virtcontainers";
import { VirtContainers } from "virtcontainers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { leftovers, type TestInstance, testInstance } from "./support/instance.ts";
import { hybridVsock } from "./support/transport.ts";

let instance: TestInstance;
beforeAll(async () => {
  instance = await testInstance();
});
afterAll(() => instance[Symbol.asyncDispose]());

const mounts = [{ type: "tmpfs", destination: "/mem", sizeMiB: 300 }] as const;
const main = { id: "main", image: "busybox", waits: true, mounts: [...mounts] };

async function run(id: string): Promise<Sandbox> {
  return await instance.vc.runSandbox({
    id,
    containers: [main],
    hypervisorConfig: hybridVsock(),
  });
}

/** The pid of the process that serves vsock for a sandbox: its folder is the VM's, and it is not QEMU. */
function daemonOf(id: string): number {
  const folder = join(instance.stateDir, "sbs", id);
  const { vm } = JSON.parse(readFileSync(join(folder, "sandbox.json"), "utf8"));
  return vm.driver.vsockDaemon.pid;
}

test("any number of processes are served at once, by sockets that are for the VM's user alone", async () => {
  const sandbox = await run("several");
  const { stateDir, dataDir } = instance;
  const others = await Promise.all(
    Array.from({ length: 10 }, () =>
      new VirtContainers({ stateDir, dataDir }).fetchSandbox("several"),
    ),
  );
  const said = await Promise.all(
    others.map(async (other, index) => (await other.exec(["echo", `${index}`])).stdout),
  );
  expect(said).toEqual(others.map((_, index) => `${index}\n`));
  const folder = join(instance.stateDir, "sbs/several/vm");
  const modes = readdirSync(folder)
    .filter((name) => name.endsWith(".sock"))
    .map((name) => [name, (statSync(join(folder, name)).mode & 0o777).toString(8)]);
  // The device's own is gone as soon as QEMU is connected: it serves nobody else.
  expect(Object.fromEntries(modes)).toEqual({
    "qmp.sock": "600",
    "vsock.sock": "600",
  });
  const daemon = readFileSync(`/proc/${daemonOf("several")}/status`, "utf8");
  const uid = Number(/^Uid:\s+(\d+)/m.exec(daemon)?.[1]);
  expect(uid).toBe(statSync(folder).uid);
  for (const other of others) await other.release();
  await sandbox.delete({ force: true });
  expect(leftovers(instance)).toEqual([]);
});

test("memory that is plugged in is seen by the process that serves vsock", async () => {
  const sandbox = await run("grown");
  await sandbox.resize({ memoryMiB: 512 });
  const bytes = 220 * 1024 * 1024;
  const fill = `head -c ${bytes} /dev/zero > /mem/a && wc -c < /mem/a`;
  expect((await sandbox.exec(["sh", "-c", fill])).stdout).toBe(`${bytes}\n`);
  let read = 0;
  for await (const chunk of sandbox.exec(["head", "-c", "5000000", "/mem/a"]).stdout)
    read += chunk.length;
  expect(read).toBe(5_000_000);
  await sandbox.delete({ force: true });
});

test("a command under way ends when the process that serves vsock is killed; the sandbox can be told, stopped and started again", async () => {
  const sandbox = await run("killed");
  const command = sandbox.exec(["sh", "-c", "echo there; sleep 1000"]);
  for await (const line of command.lines()) {
    expect(line).toBe("there");
    break;
  }
  process.kill(daemonOf("killed"), "SIGKILL");
  await expect(command).rejects.toMatchObject({ code: "SANDBOX_DEAD" });
  const refused = await sandbox.exec(["true"]).then(undefined, (error: unknown) => error);
  expect(refused).toMatchObject({
    code: "SANDBOX_DEAD",
    message: expect.stringContaining("serves vsock"),
    hint: expect.stringContaining("by force"),
  });
  expect((await sandbox.status()).state).toBe("running");
  await sandbox.stop({ force: true });
  await sandbox.start();
  expect((await sandbox.exec(["echo", "again"])).stdout).toBe("again\n");
  await sandbox.delete({ force: true });
  expect(leftovers(instance)).toEqual([]);
});
