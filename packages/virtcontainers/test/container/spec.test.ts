import { expect, test } from "vitest";
import { knownCapabilities } from "../../src/config/capabilities.ts";
import type { OciSpec } from "../../src/config/oci/schema.ts";
import { processSpec, userSpec } from "../../src/container/spec/process-spec.ts";
import { containerSpec } from "../../src/container/spec/spec.ts";
import { waiterMount, waiterPath } from "../../src/container/spec/waiter.ts";
import type { StoredContainer } from "../../src/store/schema.ts";

const image = {
  name: "i",
  digest: "sha256:0",
  path: "/i",
  config: {
    env: ["PATH=/image/bin", "A=image"],
    entrypoint: [],
    cmd: [],
    workingDir: "/srv",
    user: "web:www",
  },
};

const sandbox = { hostname: "host", config: {}, agentFeatures: ["seccomp"] };

function container(
  config: Partial<StoredContainer["config"]>,
  more: Partial<StoredContainer> = {},
): StoredContainer {
  return {
    id: "c1",
    state: "creating",
    config: { id: "c1", ...config },
    drives: {},
    mounts: [],
    argv: ["sh"],
    pid: 0,
    createdAt: "",
    startTime: "",
    ...more,
  };
}

test("the image's environment stands before the container's, and that before the command's", () => {
  const c = container(
    {
      cmd: {
        args: [],
        envs: [
          { var: "A", value: "own" },
          { var: "B", value: "own" },
        ],
      },
    },
    { image },
  );
  expect(processSpec({ args: ["x"], envs: [{ var: "B", value: "exec" }] }, c).env).toEqual([
    "PATH=/image/bin",
    "A=own",
    "B=exec",
  ]);
});

test("without an image there is a PATH, root and the root folder", () => {
  const spec = processSpec({ args: ["x"] }, container({}));
  expect(spec.env).toEqual(["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]);
  expect(spec.cwd).toBe("/");
  expect(userSpec({ args: ["x"] }, container({})).uid).toBe("0");
});

test("user and working folder: command before container before image", () => {
  const c = container({ cmd: { args: [], user: "me", workDir: "/me" } }, { image });
  expect(userSpec({ args: ["x"] }, container({}, { image })).uid).toBe("web:www");
  expect(userSpec({ args: ["x"] }, c).uid).toBe("me");
  expect(userSpec({ args: ["x"], user: "7:8" }, c).uid).toBe("7:8");
  expect(processSpec({ args: ["x"] }, c).cwd).toBe("/me");
});

test("a container gets its own namespaces, but no network of its own, and no dangerous capability", () => {
  const spec = containerSpec(container({ readonlyRootfs: true }), sandbox, "/root");
  expect(spec.linux?.namespaces?.map(({ type }) => type)).toEqual([
    "pid",
    "ipc",
    "uts",
    "mount",
    "cgroup",
  ]);
  expect(spec.root).toEqual({ path: "/root", readonly: true });
  expect(spec.process?.capabilities?.effective).not.toContain("CAP_SYS_ADMIN");
  expect(spec.process?.capabilities?.ambient).toEqual([]);
});

test("a privileged container has every right in the guest; what is said beside it goes before it", () => {
  const able = { ...sandbox, agentFeatures: ["seccomp"] };
  const usual = containerSpec(container({}), able, "/root");
  expect(usual.linux?.maskedPaths).not.toEqual([]);
  expect(usual.linux?.seccomp).toBeDefined();
  const spec = containerSpec(container({ privileged: true }), able, "/root");
  expect(spec.linux).toMatchObject({
    maskedPaths: [],
    readonlyPaths: [],
    resources: { devices: [{ allow: true, access: "rwm" }] },
  });
  expect(spec.linux?.seccomp).toBeUndefined();
  const { bounding, effective, permitted } = spec.process?.capabilities ?? {};
  for (const set of [bounding, effective, permitted]) expect(set).toEqual(knownCapabilities);
  for (const path of ["/sys", "/sys/fs/cgroup"]) {
    const options = (made: OciSpec) =>
      made.mounts?.find(({ destination }) => destination === path)?.options;
    expect(options(usual)).toContain("ro");
    expect(options(spec)).not.toContain("ro");
  }
  // Commands that are run later are, too.
  const later = processSpec({ args: ["x"] }, container({ privileged: true }));
  expect(later.capabilities?.effective).toEqual(knownCapabilities);
  const less = { effective: ["CAP_KILL"], bounding: [], permitted: [] };
  const cmd = { args: [], capabilities: less };
  const narrowed = containerSpec(
    container({ privileged: true, cmd, seccomp: "default" }),
    able,
    "/root",
  );
  expect(narrowed.process?.capabilities?.effective).toEqual(["CAP_KILL"]);
  expect(narrowed.linux?.seccomp).toBeDefined();
});

test("mounts of a specification keep their order, those that bind among the others", () => {
  const tmpfs = (destination: string) => ({ destination, type: "tmpfs", source: "tmpfs" });
  const bind = { destination: "/a/bound", type: "bind", source: "/host" } as const;
  const customSpec = { ociVersion: "1.2.0", mounts: [tmpfs("/a"), bind, tmpfs("/a/bound/b")] };
  const mounts = [
    { ...bind, options: [] },
    { type: "tmpfs" as const, destination: "/own" },
  ];
  const found = { kind: "share", name: "m0", path: "/host", folder: true } as const;
  const shared = { ...found, readonly: false, recursive: false, watchable: false };
  const c = container({ customSpec, mounts }, { mounts: [shared, { kind: "guest" }] });
  const made = containerSpec(c, sandbox, "/root").mounts ?? [];
  expect(made.map(({ destination }) => destination)).toEqual([
    "/a",
    "/a/bound",
    "/a/bound/b",
    "/own",
  ]);
  expect(made[1]).toMatchObject({ type: "bind", source: expect.stringContaining("/c1/m0") });
});

test("mounts come before those below them, whatever their kind and order", () => {
  const mounts = [
    { type: "tmpfs" as const, destination: "/data/sub/deep/" },
    { type: "volume" as const, source: "inner", destination: "/data/sub" },
    { type: "tmpfs" as const, destination: "/database" },
    { type: "volume" as const, source: "outer", destination: "/data" },
    { type: "tmpfs" as const, destination: "/srv" },
  ];
  const customSpec = {
    ociVersion: "1.2.0",
    mounts: [{ destination: "/srv/own", type: "tmpfs", source: "tmpfs" }],
  };
  const kinds = { mounts: mounts.map(() => ({ kind: "guest" }) as const) };
  const made = containerSpec(container({ customSpec, mounts }, kinds), sandbox, "/root").mounts;
  expect(made?.map(({ destination }) => destination)).toEqual([
    ...["/srv", "/srv/own", "/database", "/data", "/data/sub", "/data/sub/deep/"],
  ]);
});

test("the agent's pid namespace is asked for by its path, and only an agent that gives it", () => {
  const config = { enableAgentPidNs: true };
  const able = { ...sandbox, config, agentFeatures: ["agent-pids"] };
  const pid = (made: OciSpec) => made.linux?.namespaces?.find(({ type }) => type === "pid");
  expect(pid(containerSpec(container({}), able, "/root"))).toEqual({
    type: "pid",
    path: "/proc/1/ns/pid",
  });
  expect(pid(containerSpec(container({}), sandbox, "/root"))).toEqual({ type: "pid" });
  expect(() => containerSpec(container({}), { ...sandbox, config }, "/root")).toThrow(
    expect.objectContaining({ code: "NOT_SUPPORTED", field: "enableAgentPidNs" }),
  );
});

test("with init the first process is one of ours that runs the command; a container that waits has it anyway", () => {
  const first = (config: Partial<StoredContainer["config"]>, argv: string[]) => {
    const { process, mounts } = containerSpec(container(config, { argv }), sandbox, "/root");
    return {
      args: process?.args,
      bound: mounts?.some(({ source }) => source === waiterMount.source),
    };
  };
  expect(first({ init: true }, ["sh", "-c", "x"])).toEqual({
    args: [waiterPath, "init", "sh", "-c", "x"],
    bound: true,
  });
  expect(first({}, ["sh"])).toEqual({ args: ["sh"], bound: false });
  expect(first({ init: true, waits: true }, [waiterPath])).toEqual({
    args: [waiterPath],
    bound: true,
  });
});
