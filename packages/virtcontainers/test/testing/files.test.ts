import { mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createTestInstance } from "../../src/testing/index.ts";
import { testFolder } from "../support/folder.ts";
import { refusal } from "../support/refusal.ts";
import { waiting } from "../support/sandbox.ts";

const config = { id: "sb", containers: [waiting] };

test("what is copied into a container is there for its programs, and comes out the same", async () => {
  await using instance = await createTestInstance({
    commands: {
      build: ({ files }) => {
        files.write("/work/out/app", `built of ${files.read("/work/main.c")}`);
        return 0;
      },
    },
  });
  await using sandbox = await instance.vc.runSandbox(config);
  const host = await testFolder();
  await mkdir(join(host, "work"));
  await writeFile(join(host, "work", "main.c"), "int main", { mode: 0o640 });
  await symlink("main.c", join(host, "work", "link"));
  expect(await sandbox.copyTo("c1", join(host, "work"), "/")).toMatchObject({ files: 1, links: 1 });
  expect((await sandbox.exec(["build"])).exitCode).toBe(0);
  expect((await sandbox.exec(["cat", "work/out/app"])).stdout).toBe("built of int main");
  expect((await sandbox.exec(["cat", "/work/link"])).stdout).toBe("int main");
  await instance.vc.copyFrom("sb", "c1", "/work", join(host, "back"));
  expect(await readFile(join(host, "back", "out", "app"), "utf8")).toBe("built of int main");
  expect((await stat(join(host, "back", "main.c"))).mode & 0o777).toBe(0o640);
  const missing = await refusal(sandbox.copyFrom("c1", "/work/nothing", host));
  expect(missing).toMatchObject({ code: "INVALID_ARGUMENT", field: "guestPath" });
  expect((await sandbox.exec(["cat", "/nothing"])).exitCode).toBe(1);
});

test("a tar stream that goes in comes out; more than one answer holds; links stay in the root", async () => {
  await using instance = await createTestInstance();
  const { vc } = instance;
  await using _sandbox = await vc.runSandbox({ ...config, containers: [waiting, other] });
  const files = instance.agent("sb").containers.get("c1")?.files ?? expect.fail();
  for (let at = 0; at < 1001; at++) files.write(`/many/${at}`, "");
  files.write("/many/large", Buffer.alloc(2_500_000, 7));
  const tar: Uint8Array[] = [];
  await vc.exportTar("sb", "c1", "/many", (data) => void tar.push(Buffer.from(data)));
  async function* again(): AsyncGenerator<Uint8Array> {
    yield* tar;
  }
  expect(await vc.importTar("sb", "c2", "/tmp", again())).toMatchObject({ files: 1002 });
  const copied = instance.agent("sb").containers.get("c2")?.files ?? expect.fail();
  expect(copied.list("/tmp/many")).toEqual(files.list("/many"));
  expect(copied.read("/tmp/many/large")?.equals(Buffer.alloc(2_500_000, 7))).toBe(true);
  const host = await testFolder();
  await symlink("../../../etc", join(host, "up"));
  await symlink("loop", join(host, "loop"));
  await vc.copyTo("sb", "c2", `${host}/.`, "/tmp");
  expect(copied.read("/tmp/up/passwd")?.toString()).toContain("root:x:0:0:");
  expect((await refusal(vc.copyFrom("sb", "c2", "/tmp/loop/x", host))).code).toBe("AGENT_ERROR");
  const whole: Uint8Array[] = [];
  await vc.exportTar("sb", "c2", "/", (data) => void whole.push(Buffer.from(data)));
  expect(Buffer.concat(whole).includes("tmp/many/large")).toBe(true);
  copied.remove("/tmp/many");
  expect(copied.list("/tmp/many")).toEqual([]);
});

const other = { ...waiting, id: "c2" };

test("an agent without a guest takes every copy and gives nothing back", async () => {
  await using instance = await createTestInstance();
  await using sandbox = await instance.vc.runSandbox({ ...config, agentType: "noop" });
  const host = await testFolder();
  await writeFile(join(host, "a"), "a");
  expect(await sandbox.copyTo("c1", join(host, "a"), "/x")).toMatchObject({ files: 1 });
  expect(await sandbox.copyFrom("c1", "/x", join(host, "b"))).toMatchObject({
    folders: 1,
    files: 0,
  });
  expect(await (await sandbox.openConsole()).exited).toBe(0);
});
