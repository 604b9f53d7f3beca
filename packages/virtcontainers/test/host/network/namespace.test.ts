import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createHost } from "../../../src/host/real.ts";
import { testFolder } from "../../support/folder.ts";

const { network, processes, mounts } = createHost();

const own = (): string => readlinkSync("/proc/thread-self/ns/net");

async function namespace(): Promise<string> {
  const path = join(await testFolder(), "netns");
  onTestFinished(() => network.removeNamespace(path));
  await network.makeNamespace(path);
  return path;
}

async function ip(path: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await network.run(path, "ip", args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

describe.skipIf(process.getuid?.() !== 0)("network namespaces (need root)", () => {
  test("one is made with a loopback and no more, and this process stays where it is", async () => {
    const before = own();
    const path = await namespace();
    expect(own()).toBe(before);
    const links = await ip(path, "-o", "link");
    expect(links.trim().split("\n")).toEqual([expect.stringContaining("lo: <LOOPBACK>")]);
    expect(own()).toBe(before);
    expect((await stat(path, { bigint: true })).ino).toBe(
      BigInt((await network.identifyNamespace(path)).ino),
    );
  });

  test("it is gone with its file, and so once more", async () => {
    const path = await namespace();
    expect(await mounts.listBelow(path)).toEqual([path]);
    await network.removeNamespace(path);
    expect(await mounts.listBelow(path)).toEqual([]);
    expect(existsSync(path)).toBe(false);
    await network.removeNamespace(path);
  });

  test("a file that is there already is not bound over, nor a link followed", async () => {
    const path = join(await testFolder(), "netns");
    await writeFile(path, "mine");
    await expect(network.makeNamespace(path)).rejects.toMatchObject({ code: "HOST_FAILED" });
    expect(readFileSync(path, "utf8")).toBe("mine");
  });

  test("a process is started in a namespace, also one that outlives this one", async () => {
    const path = await namespace();
    const { ino } = await network.identifyNamespace(path);
    const cwd = await testFolder();
    const outputPath = join(cwd, "output");
    const script = "readlink /proc/self/ns/net";
    const args = ["-c", script];
    const child = await processes.spawnDetached({
      path: "/bin/sh",
      args,
      cwd,
      outputPath,
      networkNamespace: path,
    });
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(readFileSync(outputPath, "utf8")).toBe(`net:[${ino}]\n`);
    const there = await processes.run("/bin/sh", args, { networkNamespace: path });
    expect(there.stdout).toBe(`net:[${ino}]\n`);
    expect((await processes.run("/bin/sh", args)).stdout).toBe(`${own()}\n`);
  });

  test("a process is started without a network", async () => {
    const cwd = await testFolder();
    const outputPath = join(cwd, "output");
    const args = ["-c", "readlink /proc/self/ns/net; grep : /proc/net/dev"];
    const options = { path: "/bin/sh", args, cwd, outputPath };
    const child = await processes.spawnDetached({ ...options, withoutNetwork: true });
    expect(await child.exited).toEqual({ code: 0, signal: null });
    const [there, ...links] = readFileSync(outputPath, "utf8").trim().split("\n");
    expect(there).not.toBe(own());
    expect(links).toEqual([expect.stringMatching(/^ *lo:/)]);
  });

  test("what is no namespace of a network is refused, and so is this process's own", async () => {
    const folder = await testFolder();
    await mkdir(join(folder, "folder"));
    await writeFile(join(folder, "file"), "");
    const no = { code: "INVALID_ARGUMENT", field: "networkConfig.netNSPath" };
    for (const path of [
      join(folder, "none"),
      join(folder, "folder"),
      join(folder, "file"),
      "/proc/self/ns/mnt",
      "/dev/null",
    ]) {
      await expect(network.identifyNamespace(path), path).rejects.toMatchObject(no);
      await expect(network.run(path, "ip", ["link"]), path).rejects.toThrow();
    }
    await expect(network.identifyNamespace("/proc/self/ns/net")).rejects.toThrow(
      /must not be the network namespace of the host/,
    );
  });

  test("after a failure in a namespace this process is back in its own", async () => {
    const before = own();
    const path = await namespace();
    await expect(network.openTap(path, { name: "x/y", queues: 1 })).rejects.toThrow();
    await expect(
      processes.run("/nonexistent", [], { networkNamespace: path }),
    ).rejects.toMatchObject({ code: "HOST_REQUIREMENT" });
    expect(own()).toBe(before);
  });

  test("a tap lives as long as its descriptors, has so many queues, and is never another's", async () => {
    const path = await namespace();
    const open = await network.openTap(path, { name: "tap0_kata", queues: 3 });
    expect(open).toHaveLength(3);
    const details = await ip(path, "-d", "link", "show", "tap0_kata");
    expect(details).toMatch(/tun type tap pi off vnet_hdr on .*numqueues 3/s);
    expect(details).not.toContain("persist on");
    await expect(network.openTap(path, { name: "tap0_kata", queues: 1 })).rejects.toMatchObject({
      code: "HOST_FAILED",
    });
    const before = (await readdir("/proc/self/fd")).length;
    for (const { close } of open) await close();
    expect((await readdir("/proc/self/fd")).length).toBe(before - 3);
    expect(await ip(path, "-o", "link")).not.toContain("tap0_kata");
  });
});
