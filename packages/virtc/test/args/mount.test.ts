import { describe, expect, it, test } from "vitest";
import { parseMount, parseShmSize, parseTmpfs, parseVolume } from "../../src/args/mount.ts";

describe("--volume", () => {
  it.each([
    ["/a:/b", { type: "bind", source: "/a", destination: "/b" }],
    ["./a:/b:ro", { type: "bind", source: "/here/a", destination: "/b", options: ["ro"] }],
    [".:/b", { type: "bind", source: "/here", destination: "/b" }],
    ["/a, x:/b", { type: "bind", source: "/a, x", destination: "/b" }],
    ["data:/b:ro", { type: "volume", source: "data", destination: "/b", options: ["ro"] }],
  ])("%s", (text, mount) => {
    expect(parseVolume(text, "/here")).toEqual(mount);
  });

  it.each(["", "/a", ":/b", "/a:b", "/a:/b:ro:x"])("refuses %j", (text) => {
    expect(() => parseVolume(text, "/here")).toThrow(/--volume/);
  });
});

describe("--mount", () => {
  it.each([
    [
      "type=bind,src=x,dst=/b,ro,watchable",
      { type: "bind", source: "/here/x", destination: "/b", readOnly: true, watchable: true },
    ],
    ["source=data,target=/b", { type: "volume", source: "data", destination: "/b" }],
    ["type=tmpfs,dst=/b,size=64m", { type: "tmpfs", destination: "/b", sizeMiB: 64 }],
    ["type=ephemeral,src=e,dst=/b", { type: "ephemeral", source: "e", destination: "/b" }],
  ])("%s", (text, mount) => {
    expect(parseMount(text, "/here")).toEqual(mount);
  });

  it.each([
    "",
    "type=bind",
    "type=nfs,dst=/b",
    "dst=/b,target=/c",
    "dst=/b,-o=x",
    "toString=1,dst=/b",
  ])("refuses %j", (text) => {
    expect(() => parseMount(text, "/here")).toThrow(/--mount/);
  });
});

test("--tmpfs and --shm-size", () => {
  expect(parseTmpfs("/t")).toEqual({ type: "tmpfs", destination: "/t" });
  const limited = { type: "tmpfs", destination: "/t", sizeMiB: 8, options: ["noexec"] };
  expect(parseTmpfs("/t:size=8m,noexec")).toEqual(limited);
  expect(() => parseTmpfs("t")).toThrow(/--tmpfs/);
  expect(parseShmSize("128m")).toMatchObject({ destination: "/dev/shm", sizeMiB: 128 });
});
