import { describe, expect, it, test } from "vitest";
import { parseMount } from "../../src/args/mounts/mount.ts";
import { parseShmSize, parseTmpfs } from "../../src/args/mounts/tmpfs.ts";
import { parseVolume } from "../../src/args/mounts/volume.ts";

describe("--volume", () => {
  it.each([
    ["/a:/b", { type: "bind", source: "/a", destination: "/b" }],
    ["./a:/b:ro", { type: "bind", source: "/here/a", destination: "/b", options: ["ro"] }],
    [".:/b", { type: "bind", source: "/here", destination: "/b" }],
    ["/a, x:/b", { type: "bind", source: "/a, x", destination: "/b" }],
    ["data:/b:ro", { type: "volume", source: "data", destination: "/b", options: ["ro"] }],
    ["data:/b:nocopy", { type: "volume", source: "data", destination: "/b", noCopy: true }],
    [
      "data:/b:nosuid,nocopy",
      { type: "volume", source: "data", destination: "/b", noCopy: true, options: ["nosuid"] },
    ],
  ])("%s", (text, mount) => {
    expect(parseVolume(text, "/here")).toEqual(mount);
  });

  it.each(["", "a", ":/b", "/a:b", "/a:/b:ro:x", "/a:/b:"])("refuses %j", (text) => {
    expect(() => parseVolume(text, "/here")).toThrow(/--volume/);
  });

  it.each([
    ["/a:/b:zz,nonsense", '"zz": each must be one of rw, ro,'],
    ["data:/b:ro,mode=1", '"mode=1": each must be one of'],
    ["/a:/b:ro,z", '"z": labels of SELinux'],
    ["/a:/b:nocopy", '"nocopy": a folder of this host is never filled'],
    ["/a:/b:rshared", '"rshared": mounts don\'t go'],
    ["/a:/b:toString", '"toString": each must be one of'],
  ])("refuses the options of %s by name", (text, message) => {
    expect(() => parseVolume(text, "/here")).toThrow(message);
  });
});

describe("--mount", () => {
  it.each([
    [
      "type=bind,src=x,dst=/b,ro,watchable",
      { type: "bind", source: "/here/x", destination: "/b", readOnly: true, watchable: true },
    ],
    ["source=data,target=/b", { type: "volume", source: "data", destination: "/b" }],
    [
      "src=data,dst=/b,volume-nocopy",
      { type: "volume", source: "data", destination: "/b", noCopy: true },
    ],
    ["src=data,dst=/b,volume-nocopy=0", { type: "volume", source: "data", destination: "/b" }],
    [
      "type=tmpfs,dst=/b,tmpfs-size=64m,tmpfs-mode=1770",
      {
        type: "tmpfs",
        destination: "/b",
        sizeMiB: 64,
        options: ["nosuid", "nodev", "noexec", "mode=1770"],
      },
    ],
    [
      'type=bind,"source=/a,b","dst=/say ""x""",readonly=false',
      { type: "bind", source: "/a,b", destination: '/say "x"' },
    ],
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

  it.each([
    ["type=bind,src=/a,dst=/b,bind-propagation=rshared", '"bind-propagation" is no key; there are'],
    ["type=bind,src=/a,dst=/b,size=1m", "size is not for type=bind"],
    ["type=volume,src=a,dst=/b,watchable", "watchable is not for type=volume"],
    ["type=bind,dst=/b", "type=bind needs source"],
    ["type=bind,src=/a,dst=/b,readonly=maybe", "readonly must be true or false"],
    ["type=tmpfs,dst=/b,tmpfs-mode=999", "tmpfs-mode must be an octal number"],
    ['type=bind,src="/a",dst=/b', "quotes go around a whole key=value"],
  ])("says what is wrong with %j", (text, message) => {
    expect(() => parseMount(text, "/here")).toThrow(message);
  });
});

test("--tmpfs and --shm-size", () => {
  const safe = ["nosuid", "nodev", "noexec"];
  expect(parseTmpfs("/t")).toEqual({ type: "tmpfs", destination: "/t", options: safe });
  const limited = { type: "tmpfs", destination: "/t", sizeMiB: 8 };
  expect(parseTmpfs("/t:size=8m,noexec,mode=700")).toEqual({
    ...limited,
    options: ["nosuid", "nodev", "noexec", "mode=700"],
  });
  expect(parseTmpfs("/t:exec,suid").options).toEqual(["nodev", "exec", "suid"]);
  expect(() => parseTmpfs("/t:nonsense")).toThrow('"nonsense": each must be one of');
  expect(() => parseTmpfs("t")).toThrow(/--tmpfs/);
  expect(parseShmSize("128m")).toMatchObject({ destination: "/dev/shm", sizeMiB: 128 });
});
