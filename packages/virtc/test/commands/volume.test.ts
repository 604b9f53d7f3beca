import { expect, test } from "vitest";
import { runCli } from "../../src/cli.ts";
import { testContext } from "../support/context.ts";
import { fakeImage, fakeLibrary } from "../support/library.ts";

const library = () => fakeLibrary(async () => 0, [fakeImage("busybox")]);

test("virtc volume makes, lists, shows, removes and prunes", async () => {
  const shared = library();
  const virtc = async (...words: string[]): Promise<[number, string]> => {
    const context = testContext(() => shared);
    return [await runCli(["volume", ...words], context), context.out()];
  };
  expect(await virtc("create", "--size", "2g", "--label", "a=b", "disk")).toEqual([0, "disk\n"]);
  expect(await virtc("create", "data")).toEqual([0, "data\n"]);
  expect((await virtc("ls"))[1]).toMatch(/disk +ext4 +2048 MiB +-/);
  expect(await virtc("ls", "-q")).toEqual([0, "disk\ndata\n"]);
  expect(JSON.parse((await virtc("inspect", "disk"))[1])).toMatchObject([{ labels: { a: "b" } }]);
  expect(await virtc("rm", "disk")).toEqual([0, "disk\n"]);
  expect((await virtc("rm", "disk"))[0]).not.toBe(0);
  expect(JSON.parse((await virtc("prune", "--json"))[1])).toEqual({ removed: ["data"] });
});

test("a volume that nobody has named goes with --rm and rm -v, and stays else", async () => {
  const shared = library();
  const virtc = async (...words: string[]): Promise<number> =>
    await runCli(
      words,
      testContext(() => shared),
    );
  const names = async () => (await shared.volumes.list()).map(({ name }) => name);
  expect(await virtc("volume", "create", "f".repeat(64))).toBe(0);
  const mounts = ["-v", "/data", "--mount", "type=volume,dst=/more", "-v", "named:/named"];
  const mounted = shared.runSandbox;
  shared.runSandbox = async (config, ...rest) => {
    expect(await names()).toHaveLength(4);
    return await mounted(config, ...rest);
  };
  expect(await virtc("run", "--rm", ...mounts, "-v", `${"f".repeat(64)}:/f`, "busybox")).toBe(0);
  expect(await names()).toEqual(["f".repeat(64), "named"]);
  expect(await virtc("volume", "rm", "f".repeat(64))).toBe(0);
  shared.runSandbox = mounted;
  expect(await virtc("run", "--name", "kept", ...mounts, "busybox")).toBe(0);
  expect(await virtc("run", "--name", "gone", "-v", "/data", "busybox")).toBe(0);
  expect(await names()).toHaveLength(4);
  expect(await virtc("rm", "-v", "gone")).toBe(0);
  expect(await names()).toHaveLength(3);
  expect(await virtc("rm", "kept")).toBe(0);
  expect(await names()).toHaveLength(3);
  expect(await virtc("rm", "-v", "none")).toBe(125);
});

test("what an image has as VOLUME is a volume without a name, unless something else is mounted there", async () => {
  const image = fakeImage("app");
  const volumes = ["/data", "/data/", "more", "/named"];
  const shared = fakeLibrary(
    async () => 0,
    [{ ...image, config: { ...image.config, volumes } }, fakeImage("busybox")],
  );
  const virtc = async (...words: string[]): Promise<[number, string]> => {
    const context = testContext(() => shared);
    return [await runCli(words, context), context.err()];
  };
  const names = async () => (await shared.volumes.list()).map(({ name }) => name);
  const mounts = () => shared.created.at(-1)?.containers?.[0]?.mounts;
  const unnamed = expect.stringMatching(/^[0-9a-f]{64}$/);

  expect(await virtc("run", "--name", "kept", "-v", "mine:/named", "app")).toEqual([0, ""]);
  expect(mounts()).toEqual([
    expect.objectContaining({ source: "mine", destination: "/named" }),
    { type: "volume", source: unnamed, destination: "/data" },
    { type: "volume", source: unnamed, destination: "/more" },
  ]);
  expect(await names()).toHaveLength(3);
  expect(await virtc("rm", "-v", "kept")).toEqual([0, ""]);
  expect(await names()).toEqual(["mine"]);

  expect(await virtc("run", "--rm", "app")).toEqual([0, ""]);
  expect(mounts()).toHaveLength(3);
  expect(await names()).toEqual(["mine"]);

  expect(await virtc("run", "--image-volume", "tmpfs", "app")).toEqual([0, ""]);
  expect(mounts()).toContainEqual({ type: "tmpfs", destination: "/data" });
  expect(await virtc("run", "--image-volume", "ignore", "app")).toEqual([0, ""]);
  expect(mounts()).toBeUndefined();
  expect(await names()).toEqual(["mine"]);

  expect(await virtc("sandbox", "create", "--id", "sb", "--image", "app")).toEqual([0, ""]);
  expect(mounts()).toHaveLength(3);
  const before = await names();
  shared.runSandbox = async () => {
    expect(await names()).toHaveLength(before.length + 3);
    throw new Error("no room");
  };
  expect(await virtc("run", "app")).toEqual([125, expect.stringContaining("no room")]);
  expect(await names()).toEqual(before);
});

test("an image that asks for very many volumes is refused, and nothing is made", async () => {
  const image = fakeImage("app");
  const volumes = Array.from({ length: 65 }, (_, index) => `/v${index}`);
  const shared = fakeLibrary(async () => 0, [{ ...image, config: { ...image.config, volumes } }]);
  const context = testContext(() => shared);
  expect(await runCli(["run", "app"], context)).toBe(125);
  expect(context.err()).toContain("asks for 65 volumes; at most 64 are made");
  expect(await shared.volumes.list()).toEqual([]);
});

test("virtc run makes the volumes that it names, and hands the mounts on", async () => {
  const shared = library();
  const words = ["run", "-v", "data:/d", "-v", "/a:/b:ro", "--tmpfs", "/t", "--shm-size", "8m"];
  expect(
    await runCli(
      [...words, "busybox"],
      testContext(() => shared),
    ),
  ).toBe(0);
  expect((await shared.volumes.list()).map(({ name }) => name)).toEqual(["data"]);
  expect(shared.created[0]?.containers?.[0]?.mounts).toMatchObject([
    { type: "volume", source: "data", destination: "/d" },
    { type: "bind", source: "/a", destination: "/b", options: ["ro"] },
    { type: "tmpfs", destination: "/t" },
    { type: "tmpfs", destination: "/dev/shm", sizeMiB: 8 },
  ]);
});
