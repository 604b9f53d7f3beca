import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LinuxResources, OciSpec, Sandbox } from "virtcontainers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runcSpec } from "../packages/virtcontainers/test/container/support/runc-spec.ts";
import { leftovers, type TestInstance, testInstance } from "./support/instance.ts";

let instance: TestInstance;
let folder: string;
let sandbox: Sandbox;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vc-oci-"));
  instance = await testInstance();
  const bundle = makeBundle("app", appSpec());
  sandbox = await instance.vc.runSandbox({
    id: "oci",
    containers: [{ id: "app", bundle }],
    // For the containers to come.
    hypervisorConfig: { sharedFS: "virtio-fs" },
  });
});
afterAll(async () => {
  await sandbox.delete({ force: true });
  expect(leftovers(instance)).toEqual([]);
  await instance[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** A folder with config.json and a root of busybox. */
function makeBundle(name: string, spec: object): string {
  const bundle = join(folder, name);
  const root = join(bundle, "rootfs");
  for (const path of ["bin", "dev", "etc", "proc", "sys", "tmp", "secrets", "fixed", "out"])
    mkdirSync(join(root, path), { recursive: true });
  for (const path of ["tmp", "fixed", "out"]) chmodSync(join(root, path), 0o777);
  mkdirSync(join(bundle, "data"), { mode: 0o777 });
  writeFileSync(join(bundle, "data/file"), "of the bundle\n");
  copyFileSync("/bin/busybox", join(root, "bin/busybox"));
  const applets = execFileSync("/bin/busybox", ["--list"], { encoding: "utf8" }).split("\n");
  for (const applet of applets.filter((applet) => applet !== "" && applet !== "busybox"))
    symlinkSync("busybox", join(root, "bin", applet));
  writeFileSync(join(root, "etc/secret"), "told\n");
  writeFileSync(join(root, "secrets/key"), "told\n");
  writeFileSync(join(bundle, "config.json"), JSON.stringify(spec));
  return bundle;
}

/** As `runc spec` writes it, but without a terminal, capabilities and what is masked. */
function baseSpec(): OciSpec & { process: object; linux: object } {
  const { ociVersion, mounts, process, linux } = runcSpec();
  const { user, cwd, rlimits, noNewPrivileges } = process;
  return {
    ...{ ociVersion, mounts, root: { path: "rootfs" } },
    process: {
      ...{ user, cwd, rlimits, noNewPrivileges },
      args: ["sleep", "600"],
      env: ["PATH=/bin"],
    },
    linux: { resources: linux.resources, namespaces: linux.namespaces },
  };
}

function hook(kind: string, more: object = {}) {
  const script = 'read -r state; echo "$state" > "$TO"';
  const env = [`TO=${join(folder, `hook-${kind}`)}`];
  return { path: "/bin/sh", args: ["hook", "-c", script], env, ...more };
}

function appSpec(): object {
  const spec = baseSpec();
  const capabilities = ["CAP_KILL", "CAP_NET_BIND_SERVICE"];
  return {
    ...spec,
    hostname: "boxed",
    domainname: "example.test",
    annotations: { "org.example.note": "from the bundle" },
    process: {
      ...spec.process,
      terminal: true,
      consoleSize: { height: 33, width: 99 },
      user: { uid: 1000, gid: 1001, additionalGids: [5, 77] },
      args: [
        "sh",
        "-c",
        "stty size > /out/size; cat /proc/self/oom_score_adj > /out/oom; sleep 600",
      ],
      env: ["PATH=/bin", "GREETING=hello from the bundle"],
      cwd: "/tmp",
      capabilities: { bounding: capabilities },
      rlimits: [
        { type: "RLIMIT_NOFILE", soft: 100, hard: 200 },
        { type: "RLIMIT_CORE", soft: 0, hard: 2 ** 64 - 1 },
      ],
      oomScoreAdj: 500,
    },
    mounts: [
      ...(spec.mounts ?? []),
      { destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["size=1m", "mode=1777"] },
      { destination: "/data", type: "bind", source: "data", options: ["rbind", "ro"] },
    ],
    hooks: {
      prestart: [hook("prestart")],
      createRuntime: [hook("createRuntime")],
      startContainer: [{ path: "/bin/sh", args: ["sh", "-c", "/bin/id -u > /out/hook"] }],
      poststart: [hook("poststart")],
      poststop: [hook("poststop")],
    },
    linux: {
      ...spec.linux,
      sysctl: { "net.ipv4.ip_default_ttl": "63" },
      maskedPaths: ["/etc/secret", "/secrets", "/proc/kcore"],
      readonlyPaths: ["/fixed", "/proc/sys"],
      resources: {
        devices: [
          { allow: false, access: "rwm" },
          { allow: true, type: "c", major: 1, minor: 3, access: "rw" },
        ],
        memory: { limit: 64 * 1024 * 1024 },
        pids: { limit: 40 },
        cpu: { shares: 512, cpus: "0" },
        hugepageLimits: [{ pageSize: "2MB", limit: 4 * 1024 * 1024 }],
      },
      seccomp: {
        defaultAction: "SCMP_ACT_ALLOW",
        syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 1 }],
      },
    },
  };
}

/** What a shell in the container writes, out and error output in one. */
async function shell(script: string, container = "app"): Promise<string> {
  const { stdout } = await sandbox.exec(["sh", "-c", `exec 2>&1; ${script}`], { container });
  return stdout;
}

describe("a container from a bundle", () => {
  test("has the user, groups, capabilities, limits and environment of its process", async () => {
    const status = await shell("cat /proc/self/status");
    expect(status).toMatch(/^Uid:\s+1000\s+1000/m);
    expect(status).toMatch(/^Gid:\s+1001\s+1001/m);
    expect(status).toMatch(/^Groups:\s+5 77/m);
    expect(status).toMatch(/^CapBnd:\s+0000000000000420$/m);
    expect(status).toMatch(/^CapEff:\s+0000000000000000$/m);
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
    const limits = await shell("cat /proc/1/limits");
    expect(limits).toMatch(/^Max open files\s+100\s+200/m);
    expect(limits).toMatch(/^Max core file size\s+0\s+unlimited/m);
    expect(await shell('pwd; echo "$GREETING"; hostname')).toBe(
      "/tmp\nhello from the bundle\nboxed\n",
    );
    expect(readFileSync(join(folder, "app/rootfs/out/oom"), "utf8")).toBe("500\n");
  });

  test("has a terminal of the size that was given", () => {
    expect(readFileSync(join(folder, "app/rootfs/out/size"), "utf8")).toBe("33 99\n");
  });

  test("can't see masked paths nor write read-only ones, and has its own mounts", async () => {
    expect(await shell("cat /etc/secret; ls /secrets")).toBe("");
    expect(await shell("touch /fixed/x")).toContain("Read-only file system");
    const mounts = await shell("cat /proc/mounts");
    expect(mounts).toMatch(/ \/dev\/mqueue mqueue /);
    expect(mounts).toMatch(/ \/dev\/pts devpts /);
    expect(mounts).toMatch(/ \/tmp tmpfs .*size=1024k/);
    expect(await shell("cat /data/file; touch /data/x")).toMatch(
      /^of the bundle\ntouch: .*Read-only file system\n$/,
    );
  });

  test("has its kernel parameters and limits of its cgroup", async () => {
    expect(await shell("cat /proc/sys/net/ipv4/ip_default_ttl /proc/sys/kernel/domainname")).toBe(
      "63\nexample.test\n",
    );
    const files = ["memory.max", "pids.max", "cpuset.cpus", "hugetlb.2MB.max"].map(
      (name) => `/sys/fs/cgroup/${name}`,
    );
    expect(await shell(`cat ${files.join(" ")}`)).toBe("67108864\n40\n0\n4194304\n");
  });

  test("a system call that its filter names gives EPERM", async () => {
    expect(await shell("mkdir /tmp/x")).toContain("Operation not permitted");
    expect(await shell("touch /tmp/y && echo made")).toBe("made\n");
  });

  test("its hooks have run with the state on their input, those of the guest in the guest", async () => {
    const state = (kind: string): object =>
      JSON.parse(readFileSync(join(folder, `hook-${kind}`), "utf8"));
    const { vmm, containersStatus } = await sandbox.status();
    const common = {
      ociVersion: "1.2.0",
      id: "app",
      pid: vmm?.pid,
      bundle: join(folder, "app"),
      annotations: { "org.example.note": "from the bundle" },
    };
    expect(state("prestart")).toEqual({ ...common, status: "creating" });
    expect(state("createRuntime")).toEqual({ ...common, status: "creating" });
    expect(state("poststart")).toEqual({ ...common, status: "running" });
    expect(readFileSync(join(folder, "app/rootfs/out/hook"), "utf8")).toBe("1000\n");
    expect(containersStatus[0]?.spec.hooks).not.toHaveProperty("poststop");
  });
});

test("a hook that takes too long is killed, and the container is not made", async () => {
  const slow = { path: "/bin/sleep", args: ["sleep", "600"], timeout: 1 };
  const bundle = makeBundle("slow", { ...baseSpec(), hooks: { createRuntime: [slow] } });
  await expect(sandbox.createContainer({ id: "slow", bundle })).rejects.toMatchObject({
    code: "TIMEOUT",
    containerId: "slow",
    phase: "hook.createRuntime",
  });
  await expect(sandbox.statusContainer("slow")).rejects.toMatchObject({
    code: "CONTAINER_NOT_FOUND",
  });
});

test("without a specification there is a filter, unless it is left out", async () => {
  const image = "busybox";
  await sandbox.createContainer({ id: "usual", image, waits: true });
  await sandbox.createContainer({ id: "free", image, waits: true, seccomp: "unconfined" });
  await sandbox.startContainer("usual");
  await sandbox.startContainer("free");
  const look = "grep Seccomp: /proc/self/status; unshare -U echo made";
  expect(await shell(look, "usual")).toMatch(/^Seccomp:\t2\nunshare: .*Operation not permitted\n$/);
  expect(await shell(look, "free")).toBe("Seccomp:\t0\nmade\n");
});

test("a device that its rules do not allow can't be opened", async () => {
  const rule = { type: "c", major: 1, minor: 11, access: "w" } as const;
  const none = { allow: false, access: "rwm" };
  const image = "busybox";
  const add = (id: string, devices: NonNullable<LinuxResources["devices"]>) =>
    sandbox.createContainer({ id, image, waits: true, resources: { devices } });
  await add("denied", [none]);
  await add("allowed", [none, { allow: true, ...rule }]);
  const use =
    "mknod /kmsg c 1 11 && echo hi > /kmsg && echo wrote; echo null > /dev/null || exit 1";
  for (const id of ["denied", "allowed"]) await sandbox.startContainer(id);
  expect(await shell(use, "allowed")).toBe("wrote\n");
  expect(await shell(use, "denied")).toMatch(/^sh: .*\/kmsg: Operation not permitted\n$/);
});

describe("a root on a disk of the host", () => {
  let disk: string;
  beforeAll(() => {
    disk = join(folder, "root.img");
    const make = ["-q", "-F", "-d", join(folder, "app/rootfs"), disk, "16M"];
    execFileSync("mkfs.ext4", make, { env: { PATH: "/usr/sbin:/sbin:/usr/bin:/bin" } });
  });

  async function once(config: object, script: string): Promise<string> {
    const rootFs = { source: disk, type: "ext4", ...config };
    await sandbox.createContainer({ id: "onDisk", rootFs, waits: true });
    await sandbox.startContainer("onDisk");
    const said = await shell(script, "onDisk");
    await sandbox.stopContainer("onDisk");
    await sandbox.deleteContainer("onDisk");
    return said;
  }

  test("keeps what is written to it, and its owner", async () => {
    const { uid, gid } = statSync(disk);
    expect(await once({}, "echo kept > /kept; cat /etc/secret")).toBe("told\n");
    expect(await once({}, "cat /kept")).toBe("kept\n");
    expect(statSync(disk)).toMatchObject({ uid, gid });
  });

  test("is not changed with ro, while the container writes to a layer", async () => {
    const before = readFileSync(disk);
    const script = "echo mine > /mine; cat /kept /mine";
    expect(await once({ options: ["ro"] }, script)).toBe("kept\nmine\n");
    expect(readFileSync(disk).equals(before)).toBe(true);
  });
});

test("poststop hooks run when the container is deleted", async () => {
  await sandbox.stopContainer("app");
  await sandbox.deleteContainer("app");
  const state = JSON.parse(readFileSync(join(folder, "hook-poststop"), "utf8"));
  expect(state).toMatchObject({ id: "app", status: "stopped" });
});
