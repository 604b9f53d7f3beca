/** The files of containers, on real VMs. */
import { createHash, randomBytes } from "node:crypto";
import type { Files, Sandbox } from "virtcontainers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestInstance, testInstance } from "./support/instance.ts";

/** `VIRTC_FILES=1024` writes and reads 1 GiB, and makes 10,000 small files. */
const mebibytes = Number(process.env.VIRTC_FILES ?? 16);
const many = mebibytes > 64 ? 10_000 : 300;

let instance: TestInstance;
let sandbox: Sandbox;
let files: Files;
beforeAll(async () => {
  instance = await testInstance();
  sandbox = await instance.vc.runSandbox({
    containers: [{ id: "main", image: "busybox", waits: true, scratchMiB: 64 + 2 * mebibytes }],
  });
  files = sandbox.files;
});
afterAll(async () => {
  await sandbox.delete({ force: true });
  await instance[Symbol.asyncDispose]();
});

const sh = async (script: string): Promise<string> =>
  (await sandbox.exec(["sh", "-c", script], { check: true })).stdout;

test("what is written is there for the container's processes, with mode and owner, and the other way round", async () => {
  await files.write("/work/in/file", "text\n", { mode: 0o640, uid: 7, gid: 8 });
  expect(await sh("stat -c '%a %u %g' /work/in/file; cat /work/in/file")).toBe("640 7 8\ntext\n");
  await sh("mkdir -p /work/theirs; echo theirs > /work/theirs/a; ln -s /work/theirs/a /work/link");
  expect(await files.readText("/work/link")).toBe("theirs\n");
  expect(await files.stat("/work/link", { followLinks: false })).toMatchObject({
    kind: "link",
    target: "/work/theirs/a",
  });
  expect((await files.list("/work", { recursive: true })).map(({ path }) => path)).toEqual([
    ...["/work/in", "/work/in/file", "/work/link", "/work/theirs", "/work/theirs/a"],
  ]);
  await files.rename("/work/theirs", "/work/ours");
  await files.remove("/work/in", { recursive: true });
  expect(await sh("ls /work")).toBe("link\nours\n");
  expect(await files.exists("/work/link")).toBe(false);
  expect((await files.readText("/proc/meminfo")).length).toBeGreaterThan(0);
});

test("what the kernel does not permit is told apart", async () => {
  const removed = files.remove("/proc/meminfo");
  await expect(removed).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
});

test("no link of the container's leads out of its root", async () => {
  await sh(
    "ln -s / /root/out; ln -s ../../../../../../etc /root/up; mkdir -p /keep; touch /keep/it",
  );
  expect(await files.readText("/root/up/hostname")).toBe(await sh("cat /etc/hostname"));
  await files.write("/root/out/made", "inside");
  expect(await sh("cat /made")).toBe("inside");
  await sh("mkdir -p /gone/below; ln -s /keep /gone/below/link");
  await files.remove("/gone", { recursive: true });
  expect(await sh("ls /keep; ls -d /gone 2> /dev/null || echo none")).toBe("it\nnone\n");
});

test("what the container's processes change is told, also in folders that come later", async () => {
  await sh("mkdir -p /watched/old");
  await using watch = files.watch("/watched", { recursive: true });
  await watch.opened();
  await sh(
    "cd /watched; mkdir -p new/below; echo 1 > new/below/f; mv new/below/f old/g; rm -r new old",
  );
  const told: string[] = [];
  for await (const { kind, path, from = "" } of watch) {
    told.push(`${kind} ${from}${path}`);
    if (kind === "removed" && path === "/watched/old") break;
  }
  expect(told[0]).toBe("created /watched/new");
  expect(told).toContain("removed /watched/new");
  expect(told).toContain("removed /watched/old/g");
});

test(
  "many files, and one that is large, come and go whole",
  async () => {
    const piece = randomBytes(1024 * 1024);
    const hash = createHash("sha256");
    for (let count = 0; count < mebibytes; count++) hash.update(piece);
    const sum = hash.digest("hex");
    await files.write(
      "/large",
      (async function* () {
        for (let count = 0; count < mebibytes; count++) yield piece;
      })(),
    );
    expect(await sh("sha256sum < /large")).toBe(`${sum}  -\n`);
    const back = createHash("sha256");
    for await (const chunk of files.readStream("/large")) back.update(chunk);
    expect(back.digest("hex")).toBe(sum);
    await sh(`mkdir /many; cd /many; for i in $(seq ${many}); do echo $i > $i; done`);
    const listed = await files.list("/many");
    expect(listed).toHaveLength(many);
    expect(new Set(listed.map(({ name }) => name)).size).toBe(many);
    await files.remove("/many", { recursive: true });
    expect(await files.exists("/many")).toBe(false);
  },
  120_000 + mebibytes * 4000,
);
