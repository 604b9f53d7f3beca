import { TtrpcError } from "@virtcontainers/ttrpc";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { agentError } from "../../src/agent/kata/errors.ts";
import { bootNodes } from "../../src/hypervisor/qemu/machine/boot-nodes.ts";
import { placeDevices } from "../../src/hypervisor/qemu/machine/places.ts";
import type { ContainerConfig, Sandbox } from "../../src/index.ts";
import { containerStorages } from "../../src/storage/guest/storages.ts";
import { StoredContainer } from "../../src/store/schema.ts";
import { type Commands, createTestInstance, type TestInstance } from "../../src/testing/index.ts";
import { config } from "../hypervisor/support/spec.ts";
import { importLayers } from "../image/support/layers.ts";
import { refusal } from "../support/refusal.ts";
import { waiting } from "../support/sandbox.ts";

const commands: Commands = {
  id: async ({ user, stdout }) => {
    await stdout.write(`${user}\n`);
    return 0;
  },
  much: async ({ stdout, stderr }) => {
    await Promise.all([stdout.write("x".repeat(300_000)), stderr.write("end\n")]);
    return 3;
  },
};

/** A sandbox whose agent answers as the field's own does, and is as strict. */
async function withForeign(
  container: Partial<ContainerConfig>,
  act: (sandbox: Sandbox, instance: TestInstance) => Promise<void>,
): Promise<void> {
  await using instance = await createTestInstance({ agent: { features: [], commands } });
  await using sandbox = await instance.vc.runSandbox({
    id: "sb",
    containers: [{ ...waiting, ...container }],
  });
  await act(sandbox, instance);
}

const Process = v.object({
  User: v.object({ UID: v.number(), GID: v.number(), AdditionalGids: v.array(v.number()) }),
});
const Entered = v.object({ process: Process });
const Created = v.object({
  OCI: v.object({
    Linux: v.object({ Namespaces: v.array(v.object({ Type: v.string() })) }),
    Process,
  }),
  storages: v.array(v.object({ mountPoint: v.string(), driverOptions: v.array(v.string()) })),
});

test("it adds a pid namespace of its own, so none is asked for", async () => {
  await withForeign({}, async (_sandbox, instance) => {
    const types = createdOf(instance).OCI.Linux.Namespaces.map(({ Type }) => Type);
    expect(types).toEqual(["ipc", "uts", "mount", "cgroup"]);
  });
});

function createdOf(instance: TestInstance): v.InferOutput<typeof Created> {
  return v.parse(Created, instance.agent("sb").requests("CreateContainer").at(-1));
}

test("it is told to make the folders of an overlay, and nothing is mounted where its bundle is", async () => {
  await withForeign({}, async (_sandbox, instance) => {
    const { storages } = createdOf(instance);
    const made = "io.katacontainers.volume.overlayfs.create_directory=";
    expect(storages.flatMap(({ driverOptions }) => driverOptions)).toEqual([
      expect.stringMatching(new RegExp(`^${made}/run/kata-containers/sandbox/.*/upper$`)),
      expect.stringMatching(new RegExp(`^${made}/run/kata-containers/sandbox/.*/work$`)),
    ]);
    for (const { mountPoint } of storages)
      expect(mountPoint).not.toMatch(/^\/run\/kata-containers\/c1\//);
  });
});

describe("users", () => {
  test("numbers are told in the specification, the only place where it looks", async () => {
    const cmd = { args: [], user: "1000:1001", supplementaryGroups: ["7", "8"] };
    await withForeign({ cmd }, async (sandbox, instance) => {
      const { User } = createdOf(instance).OCI.Process;
      expect(User).toEqual({ UID: 1000, GID: 1001, AdditionalGids: [1001, 7, 8] });
      const { stdout } = await sandbox.exec(["id"], { user: "1234" });
      expect(stdout).toBe("1234:0\n");
    });
  });

  test("a name is looked up on the host, with its groups, in the image", async () => {
    const passwd = { path: "etc/passwd", content: "web:x:33:34::/:\n" };
    const group = { path: "etc/group", content: "log:x:50:web\n" };
    const { store } = await importLayers([[passwd, group]], { config: { User: "web" } });
    const agent = { features: [], commands };
    await using instance = await createTestInstance({ agent, imageStore: store.images });
    const containers = [{ ...waiting, image: "test:1" }];
    await using sandbox = await instance.vc.runSandbox({ id: "sb", containers });
    const web = { UID: 33, GID: 34, AdditionalGids: [34, 50] };
    expect(createdOf(instance).OCI.Process.User).toEqual(web);
    const { stdout } = await sandbox.exec(["id"], { user: "web:log" });
    expect(stdout).toBe("33:50\n");
    const process = v.parse(Entered, instance.agent("sb").requests("ExecProcess").at(-1)).process;
    expect(process.User).toEqual({ UID: 33, GID: 50, AdditionalGids: [50] });
    await refusal(sandbox.exec(["id"], { user: "nobody" }), "INVALID_ARGUMENT");
  });

  test.each([
    ["nobody", "user", "cmd.user"],
    ["1000:staff", "group", "cmd.primaryGroup"],
  ])("a name is refused instead of being run as root: %s", async (user, what, field) => {
    await withForeign({}, async (sandbox) => {
      expect(await refusal(sandbox.exec(["id"], { user }))).toMatchObject({
        code: "NOT_SUPPORTED",
        field,
        message: expect.stringContaining(`the ${what} is`),
      });
    });
    await using instance = await createTestInstance({ agent: { features: [] } });
    const container = { ...waiting, cmd: { args: [], user } };
    const refused = await refusal(instance.vc.runSandbox({ containers: [container] }));
    expect(refused).toMatchObject({ code: "NOT_SUPPORTED", field });
  });
});

describe("output", () => {
  test("is read to its end before the process is waited for, which would forget it", async () => {
    await withForeign({}, async (sandbox, instance) => {
      const result = await sandbox.exec(["much"]);
      expect([result.exitCode, result.stdout.length, result.stderr]).toEqual([3, 300_000, "end\n"]);
      expect(instance.agent("sb").calls("WaitProcess")).toBe(1);
    });
  });

  test("of the first process, too, read by one and waited for by another", async () => {
    const cmd = { args: ["sh", "-c", "echo first; exit 4"] };
    await using instance = await createTestInstance({ agent: { features: [] } });
    const job = { id: "job", image: "busybox", cmd };
    await using sandbox = await instance.vc.createSandbox({ id: "sb", containers: [job] });
    const io = await sandbox.ioStream("job", "job");
    const waited = sandbox.start().then(() => sandbox.waitProcess("job", "job"));
    let text = "";
    for await (const chunk of io.stdout) text += chunk;
    io.stderr.resume();
    expect([await waited, text]).toEqual([4, "first\n"]);
  });

  test("a terminal's end is the end of its output, all of which is stdout's", async () => {
    await withForeign({}, async (sandbox) => {
      const result = await sandbox.exec(["sh", "-c", "echo on it; exit 5"], { tty: true });
      expect([result.exitCode, result.stdout.trim(), result.stderr]).toEqual([5, "on it", ""]);
    });
  });

  test("that nobody would keep is refused", async () => {
    await using instance = await createTestInstance({ agent: { features: [] } });
    const job = { id: "job", image: "busybox", cmd: { args: ["true"], detach: true } };
    expect(await refusal(instance.vc.runSandbox({ containers: [job] }))).toMatchObject({
      code: "NOT_SUPPORTED",
      field: "cmd.detach",
    });
  });
});

describe("errors mean what they mean, whatever their code", () => {
  test("a program that is missing, or can't be executed", async () => {
    await withForeign({}, async (sandbox) => {
      const missing = await refusal(sandbox.exec(["nosuchprogram"]));
      expect(missing.code).toBe("COMMAND_NOT_FOUND");
      expect(missing.message).toBe("the file nosuchprogram was not found");
    });
  });

  const site = { method: "GetMetrics", sandboxId: "sb" };
  const told = (
    code: ConstructorParameters<typeof TtrpcError>[0],
    text: string,
    method = site.method,
  ) =>
    agentError(
      new TtrpcError(code, text, { remote: true }),
      { ...site, method },
      new AbortController().signal,
    );

  test.each([
    ["unimplemented", "whatever", "NOT_SUPPORTED"],
    ["not_found", "/grpc.AgentService/GetMetrics is not supported", "NOT_SUPPORTED"],
    ["invalid_argument", "virtcontainers.Extension service does not exist", "NOT_SUPPORTED"],
    ["not_found", "no process with exec id x", "PROCESS_NOT_FOUND"],
    ["invalid_argument", "a field", "INVALID_ARGUMENT"],
  ] as const)("%s, %s: %s", (code, text, expected) => {
    expect(told(code, text)).toMatchObject({ code: expected });
  });

  test("a container without room for a command is one reason, too many calls another", () => {
    const codeOf = (text: string) => told("resource_exhausted", text, "ExecProcess");
    const full = codeOf("container c1 is at its limit of 8 processes, of which ...");
    expect(full).toMatchObject({ code: "COMMAND_NOT_EXECUTABLE" });
    expect(codeOf("8 calls are running already")).toMatchObject({ code: "AGENT_ERROR" });
  });

  test("a text ends where its backtrace begins", () => {
    const text = "first\n\nCaused by:\n    second\n\nStack backtrace:\n   0: a\n   1: b";
    expect(told("internal", text)).toMatchObject({
      message: "the guest agent refused GetMetrics: first\n\nCaused by:\n    second",
    });
    const exec = told(
      "internal",
      "EACCES: Permission denied\n\nStack backtrace:\n 0",
      "ExecProcess",
    );
    expect(exec).toMatchObject({
      code: "COMMAND_NOT_EXECUTABLE",
      message: "EACCES: Permission denied",
    });
  });
});

describe("disks", () => {
  const disk = (id: string) =>
    ({ kind: "disk", id, path: `/${id}`, format: "raw", readonly: true }) as const;

  test("those that the guest booted with are told by name, others by where they were plugged in", () => {
    const config = { id: "c1", image: "busybox" };
    const empty = { entrypoint: [], cmd: [], workingDir: "", user: "" };
    const image = { name: "busybox", digest: "", path: "", config: { ...empty, env: [] } };
    const drives = { lower: "a", scratch: "b" };
    const container = v.parse(StoredContainer, {
      ...{ id: "c1", state: "ready", config, image, drives, argv: [], pid: 0 },
      ...{ createdAt: "", startTime: "" },
    });
    const addresses = {
      a: { kind: "pci", path: "08", bootNode: "vdb" },
      b: { kind: "pci", path: "10/01" },
    } as const;
    const sources = (foreign: boolean) =>
      containerStorages(container, addresses, foreign).storages.map(({ driver, source }) => [
        driver,
        source,
      ]);
    const overlay = ["overlayfs", "overlay"];
    expect(sources(true)).toEqual([["mmioblk", "/dev/vdb"], ["blk", "10/01"], overlay]);
    expect(sources(false)).toEqual([["blk", "08"], ["blk", "10/01"], overlay]);
  });

  test("their names follow the root image's by slots, and what is behind a bridge comes last", () => {
    const names = (own: Parameters<typeof config>[0], count: number) => {
      const devices = Array.from({ length: count }, (_, index) => disk(`d${index}`));
      return [...bootNodes(config(own), placeDevices(config(own), devices))].map((pair) =>
        pair.join("="),
      );
    };
    expect(names({}, 3)).toEqual(["d0=vdb", "d1=vdc", "d2=vdd"]);
    expect(names({ imagePath: undefined }, 2)).toEqual(["d0=vda", "d1=vdb"]);
    expect(names({ disableImageNvdimm: false }, 1)).toEqual(["d0=vda"]);
    expect(names({}, 9).at(-1)).toBe("d8=vdj");
    expect(names({ blockDeviceDriver: "virtio-scsi" }, 2)).toEqual([]);
  });
});
