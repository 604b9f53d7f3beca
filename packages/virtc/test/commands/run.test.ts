import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { runCli } from "../../src/cli.ts";
import { clientAnnotation, nobody, removeAnnotation } from "../../src/sandbox/owner.ts";
import { testContext } from "../support/context.ts";
import { fakeImage, fakeLibrary, type Program } from "../support/library.ts";

const cat: Program = async ({ stdin, write }) => {
  for await (const chunk of stdin) write(String(chunk));
  return 0;
};
const speak: Program = async ({ write, writeError }, _signals, cmd) => {
  write(`out ${cmd.args.join(" ")}\n`);
  writeError("err\n");
  return 7;
};
const untilSignal: Program = async (_io, signals) => {
  for await (const signal of signals) if (signal === "SIGKILL") return 137;
  return 0;
};

function setUp(program: Program, terminal = false) {
  const library = fakeLibrary(program, [fakeImage("busybox")]);
  return { library, context: testContext(() => library, { terminal, env: { HERE: "x" } }) };
}

describe("virtc run", () => {
  it("passes output, errors and the exit code through, and removes with --rm", async () => {
    const { library, context } = setUp(speak);
    const code = await runCli(["run", "--rm", "busybox", "sh", "-c", "exit 7"], context);
    expect([code, context.out(), context.err()]).toEqual([7, "out sh -c exit 7\n", "err\n"]);
    expect(library.sandboxes.size).toBe(0);
  });

  it("keeps the stopped container without --rm", async () => {
    const { library, context } = setUp(speak);
    await runCli(["run", "--name", "job", "busybox"], context);
    expect(library.sandboxes.get("job")).toMatchObject({
      state: "stopped",
      containersStatus: [{ exitCode: 7 }],
    });
  });

  it("has a first process for the command with --init", async () => {
    const { library, context } = setUp(speak);
    await runCli(["run", "--rm", "--init", "busybox", "true"], context);
    expect(library.created[0]?.containers?.[0]).toMatchObject({ init: true });
  });

  it("has the VM keep the time of a container that nobody waits for", async () => {
    const { library, context } = setUp(untilSignal);
    await runCli(["run", "-d", "--timeout", "1m30s", "busybox", "sleep", "inf"], context);
    expect(library.created[0]?.lifetime).toEqual({ timeoutMs: 90_000 });
  });

  it("leaves what follows the image to the command", async () => {
    const { library, context } = setUp(speak);
    await runCli(["run", "--rm", "busybox", "ls", "--rm", "-it", "--", "--name=x"], context);
    expect(library.created[0]?.containers?.[0]?.cmd?.args).toEqual([
      "ls",
      "--rm",
      "-it",
      "--",
      "--name=x",
    ]);
  });

  it("passes standard input on with -i only", async () => {
    const first = setUp(cat);
    first.context.stdin.end("abc\n");
    await runCli(["run", "--rm", "-i", "busybox", "cat"], first.context);
    expect(first.context.out()).toBe("abc\n");
    const second = setUp(cat);
    second.context.stdin.end("abc\n");
    await runCli(["run", "--rm", "busybox", "cat"], second.context);
    expect(second.context.out()).toBe("");
  });

  it("makes of its options what the library takes", async () => {
    const { library, context } = setUp(speak);
    const options =
      "--name web -e A=1 -e HERE -w /srv -u nobody --cpus 1.5 --memory 512m --read-only --scratch 1g " +
      "-h box --machine q35 --accelerator tcg --annotation a=b --entrypoint /bin/cat " +
      "--kernel ./vmlinux --hypervisor /opt/qemu";
    await runCli(["run", ...options.split(" "), "busybox", "x"], context);
    expect(library.created[0]).toMatchObject({
      id: "web",
      hostname: "box",
      annotations: { a: "b" },
      hypervisorConfig: {
        numVCPUs: 2,
        memoryMiB: 512,
        kernelPath: "/vmlinux",
        hypervisorPath: "/opt/qemu",
        hypervisorMachineType: "q35",
        accelerator: "tcg",
      },
      containers: [
        {
          id: "web",
          image: "busybox",
          entrypoint: ["/bin/cat"],
          readonlyRootfs: true,
          scratchMiB: 1024,
          resources: { cpu: { quota: 150_000, period: 100_000 } },
          cmd: {
            args: ["x"],
            envs: [
              { var: "A", value: "1" },
              { var: "HERE", value: "x" },
            ],
            workDir: "/srv",
            user: "nobody",
          },
        },
      ],
    });
  });

  it("resets the image's entry point by an empty one, and then needs a command", async () => {
    const { library, context } = setUp(speak);
    await runCli(["run", "--rm", "--entrypoint", "", "busybox", "ls"], context);
    expect(library.created[0]?.containers?.[0]).toMatchObject({
      entrypoint: [],
      cmd: { args: ["ls"] },
    });
    expect(await runCli(["run", "--rm", "--entrypoint", "", "busybox"], context)).toBe(125);
    expect(context.err()).toContain("virtc: a command is missing: an empty --entrypoint");
  });

  it("takes a folder in place of an image", async () => {
    const { library, context } = setUp(speak);
    await runCli(["run", "--rm", "--rootfs", "/srv/x:ro", "/bin/sh", "-c", "x"], context);
    expect(library.created[0]?.containers?.[0]).toMatchObject({
      image: undefined,
      rootFs: { target: "/srv/x", mounted: true, options: ["ro"] },
      readonlyRootfs: true,
      cmd: { args: ["/bin/sh", "-c", "x"] },
    });
  });

  it("makes labels, groups and all rights of its options", async () => {
    const { library, context } = setUp(speak);
    const folder = mkdtempSync(join(tmpdir(), "virtc-labels-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "labels");
    writeFileSync(file, "# a comment\n  of.file=1\nboth=file\n\nalone\n");
    const options =
      `--label-file ${file} -l both=option --label a=b=c --label empty --annotation note=1 ` +
      "--group-add staff --group-add 50 --privileged --cap-drop net_admin " +
      "--security-opt label=disable --security-opt apparmor=unconfined";
    expect(await runCli(["run", ...options.split(" "), "busybox", "x"], context)).toBe(7);
    const { annotations, containers } = library.created[0] ?? {};
    const labels = { "of.file": "1", both: "option", alone: "", a: "b=c", empty: "", note: "1" };
    expect(annotations).toMatchObject(labels);
    const { privileged, cmd } = containers?.[0] ?? {};
    expect(privileged).toBe(true);
    expect(cmd?.supplementaryGroups).toEqual(["staff", "50"]);
    expect(cmd?.capabilities?.effective).toContain("CAP_SYS_ADMIN");
    expect(cmd?.capabilities?.effective).not.toContain("CAP_NET_ADMIN");
  });

  it.each([
    [["--label", "=x"], "--label"],
    [["--label-file", "/none/labels"], "--label-file"],
    [["--group-add", "a:b"], "--group-add"],
    [["--security-opt", "label=type:x"], "SELinux and AppArmor of this host don't reach into a VM"],
    [
      ["--security-opt", "apparmor=mine"],
      "SELinux and AppArmor of this host don't reach into a VM",
    ],
    [["--security-opt", "systempaths=unconfined"], "--privileged"],
  ])("refuses %j by name", async (words, told) => {
    const { context } = setUp(speak);
    expect(await runCli(["run", ...words, "busybox", "x"], context)).toBe(125);
    expect(context.err()).toContain(told);
  });

  it("makes rights and limits of its options", async () => {
    const { library, context } = setUp(speak);
    const options =
      "--cap-drop all --cap-add net_admin --cap-add CAP_KILL --security-opt no-new-privileges " +
      "--security-opt seccomp=unconfined --ulimit nofile=64:128 --ulimit core=unlimited " +
      "--sysctl net.core.somaxconn=9 --oom-score-adj -5 --pids-limit 50";
    await runCli(["run", ...options.split(" "), "busybox", "x"], context);
    const capabilities = ["CAP_NET_ADMIN", "CAP_KILL"];
    expect(library.created[0]?.containers?.[0]).toMatchObject({
      seccomp: "unconfined",
      sysctl: { "net.core.somaxconn": "9" },
      resources: { pids: { limit: 50 } },
      cmd: {
        noNewPrivileges: true,
        capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
        rlimits: [
          { type: "RLIMIT_NOFILE", soft: 64, hard: 128 },
          { type: "RLIMIT_CORE", soft: 2 ** 64, hard: 2 ** 64 },
        ],
        oomScoreAdj: -5,
      },
    });
  });

  it("limits the container in its VM, which has as many CPUs as its limits speak of", async () => {
    const { library, context } = setUp(speak);
    const options =
      "--cpu-shares 512 --cpu-quota 150000 --cpu-period 50000 --cpuset-cpus 0,1 --cpuset-mems 0 " +
      "-m 512m --memory-reservation 64m --memory-swap 1g";
    await runCli(["run", ...options.split(" "), "busybox", "x"], context);
    expect(library.created[0]).toMatchObject({
      hypervisorConfig: { numVCPUs: 3, memoryMiB: 512 },
      containers: [
        {
          resources: {
            cpu: { shares: 512, quota: 150_000, period: 50_000, cpus: "0,1", mems: "0" },
            memory: { reservation: 64 * 1024 ** 2 },
          },
        },
      ],
    });
    await runCli(["run", "--cpus", "2", "--cpuset-cpus", "1", "busybox"], context);
    expect(library.created[1]?.hypervisorConfig?.numVCPUs).toBe(2);
    expect(library.created[1]?.containers?.[0]?.resources).toEqual({ cpu: { cpus: "1" } });
  });

  it.each([
    ["--cpus 2 --cpu-quota 1000", "--cpus can't be used with --cpu-quota"],
    ["--cpus 1 --cpuset-cpus 0-1", "--cpuset-cpus"],
    ["--cpuset-mems 0-1", "--cpuset-mems"],
    ["--memory-reservation 1g", "--memory-reservation"],
    ["-m 512m --memory-swap 256m", "--memory-swap"],
  ])("refuses %s by name", async (options, told) => {
    const { library, context } = setUp(speak);
    expect(await runCli(["run", ...options.split(" "), "busybox"], context)).toBe(125);
    expect(context.err()).toContain(told);
    expect(library.created).toEqual([]);
  });

  it("takes what is so anyway, and says of all else why not and what to use", async () => {
    const { library, context } = setUp(speak);
    const options =
      "--ipc private --pid private --uts private --userns host --cgroupns private " +
      "--log-driver json-file --log-opt max-size=10m --storage-opt size=1g";
    await runCli(["run", ...options.split(" "), "busybox", "x"], context);
    expect(library.created).toMatchObject([
      { logLimitMiB: 10, containers: [{ scratchMiB: 1024 }] },
    ]);
    for (const [refused, told] of [
      ["--ipc host", "--network container:NAME"],
      ["--pid container:web", "--network container:NAME"],
      ["--uts host", "--network container:NAME"],
      ["--userns keep-id", "--user"],
      ["--cgroupns host", "none of a VM's"],
      ["--log-driver syslog", "virtc logs"],
      ["--log-opt max-file=3", "max-size=SIZE"],
      ["--storage-opt dm.x=y", "size=SIZE"],
      ["--storage-opt size=1g --scratch 2g", "--scratch"],
      ["--device /dev/kvm", "--privileged"],
      ["--gpus all", "devices of this host"],
    ] as const) {
      const words = refused.split(" ");
      expect(await runCli(["run", ...words, "busybox", "x"], context)).toBe(125);
      expect(context.err()).toContain(told);
      expect(context.err()).toContain(words[0]);
    }
    expect(library.created).toHaveLength(1);
  });

  it("makes a health check of its options, which may leave the image's out", async () => {
    const { library, context } = setUp(speak);
    const options =
      "--health-interval 1m --health-timeout 500ms --health-retries 5 --health-start-period 0s " +
      "--health-start-interval 2s";
    const words = ["--health-cmd", "curl -f localhost", ...options.split(" ")];
    await runCli(["run", ...words, "busybox", "x"], context);
    await runCli(["run", "--no-healthcheck", "busybox", "x"], context);
    await runCli(["run", "--health-retries", "0", "busybox", "x"], context);
    const checks = library.created.map(({ containers }) => containers?.[0]?.healthCheck);
    expect(checks).toEqual([
      {
        test: ["CMD-SHELL", "curl -f localhost"],
        ...{ intervalMs: 60_000, timeoutMs: 500, retries: 5, startIntervalMs: 2_000 },
      },
      { test: ["NONE"] },
      undefined,
    ]);
    for (const refused of [
      ["--no-healthcheck", "--health-cmd", "true"],
      ["--health-interval", "5ms"],
      ["--health-retries", "many"],
    ]) {
      expect(await runCli(["run", ...refused, "busybox", "x"], context)).toBe(125);
      expect(context.err()).toContain(refused[0] ?? "");
    }
  });

  it("gives and takes capabilities beside the usual ones", async () => {
    const { library, context } = setUp(speak);
    const options = ["--cap-add", "SYS_ADMIN", "--cap-drop", "MKNOD"];
    await runCli(["run", "--rm", ...options, "busybox"], context);
    const sets = library.created[0]?.containers?.[0]?.cmd?.capabilities;
    expect(sets?.bounding).toContain("CAP_SYS_ADMIN");
    expect(sets?.bounding).toContain("CAP_CHOWN");
    expect(sets?.bounding).not.toContain("CAP_MKNOD");
  });

  it.each([
    ["--cap-add", "FLY"],
    ["--ulimit", "nofiles=1"],
    ["--ulimit", "nofile=many"],
    ["--sysctl", "x"],
    ["--oom-score-adj", "1001"],
    ["--security-opt", "apparmor=x"],
    ["--pids-limit", "0"],
  ])("refuses %s %s by name, and creates nothing", async (option, value) => {
    const { library, context } = setUp(speak);
    expect(await runCli(["run", option, value, "busybox"], context)).toBe(125);
    expect(context.err()).toContain(option);
    expect(library.created).toEqual([]);
  });

  it("takes a bundle in place of an image, with a command or without", async () => {
    const { library, context } = setUp(speak);
    await runCli(["run", "--rm", "--bundle", "app"], context);
    await runCli(["run", "--rm", "--bundle", "/srv/app", "ls", "-l"], context);
    expect(library.created[0]?.containers?.[0]).toMatchObject({
      image: undefined,
      bundle: "/app",
      cmd: { args: [] },
    });
    expect(library.created[1]?.containers?.[0]).toMatchObject({
      bundle: "/srv/app",
      cmd: { args: ["ls", "-l"] },
    });
  });

  it("prints the name and leaves with -d; the VM ends with the container", async () => {
    const { library, context } = setUp(untilSignal);
    expect(await runCli(["run", "-d", "--rm", "--name", "bg", "busybox"], context)).toBe(0);
    expect(context.out()).toBe("bg\n");
    expect(library.created[0]).toMatchObject({
      exitWith: "bg",
      annotations: { [clientAnnotation]: nobody, [removeAnnotation]: "true" },
      containers: [{ cmd: { detach: true } }],
    });
    expect(library.calls).toEqual(["run bg", "release bg"]);
  });

  it("hands signals to the container, and a second SIGINT as SIGKILL", async () => {
    const { library, context } = setUp(untilSignal);
    const done = runCli(["run", "--name", "sig", "busybox"], context);
    await waitFor(() => context.signals.listenerCount("SIGINT") > 0 && library.calls.length > 0);
    context.signals.emit("SIGTERM", "SIGTERM");
    context.signals.emit("SIGINT", "SIGINT");
    context.signals.emit("SIGINT", "SIGINT");
    expect(await done).toBe(137);
    expect(library.calls).toEqual(
      expect.arrayContaining(["signal sig SIGTERM", "signal sig SIGINT", "signal sig SIGKILL"]),
    );
  });

  it.each([
    [["--rm"], "delete silent"],
    [[], "stop silent"],
  ])("ends the VM of a guest that is silent, and says so: run %j", async (options, call) => {
    const { library, context } = setUp(untilSignal);
    library.silent = true;
    const done = runCli(["run", ...options, "--name", "silent", "busybox"], context);
    await waitFor(() => context.signals.listenerCount("SIGINT") > 0 && library.calls.length > 0);
    await new Promise((resolve) => setImmediate(resolve));
    for (let count = 0; count < 3; count++) context.signals.emit("SIGINT", "SIGINT");
    expect(await done).toBe(130);
    expect(library.calls).toEqual(expect.arrayContaining(["no more wait for silent", call]));
    expect(context.err()).toBe("virtc: the guest does not answer SIGINT\nIts VM was ended.\n");
  });

  it("detaches at Ctrl-P Ctrl-Q, restores the terminal and leaves the container", async () => {
    const { library, context } = setUp(untilSignal, true);
    const raw: boolean[] = [];
    Object.assign(context.stdin, { isTTY: true, setRawMode: (on: boolean) => raw.push(on) });
    context.stdin.write("\u0010\u0011");
    expect(await runCli(["run", "-it", "--name", "tty", "busybox"], context)).toBe(0);
    expect(raw).toEqual([true, false]);
    expect(library.calls).toEqual(["run tty", "output tty log", "release tty"]);
  });

  it("follows the terminal's size", async () => {
    const { library, context } = setUp(untilSignal, true);
    Object.assign(context.stdout, { rows: 40, columns: 100 });
    const done = runCli(["run", "-t", "--name", "size", "busybox"], context);
    await waitFor(() => context.stdout.listenerCount("resize") > 0);
    Object.assign(context.stdout, { rows: 50, columns: 120 });
    context.stdout.emit("resize");
    context.signals.emit("SIGINT", "SIGINT");
    context.signals.emit("SIGINT", "SIGINT");
    await done;
    expect(library.created[0]?.containers?.[0]?.cmd?.consoleSize).toEqual({
      height: 40,
      width: 100,
    });
    expect(library.calls).toContain("size size 50x120");
  });

  it("kills the container and ends like other tools when nobody reads", async () => {
    const { library, context } = setUp(untilSignal);
    const done = runCli(["run", "--rm", "--name", "pipe", "busybox"], context);
    await waitFor(() => context.stdout.listenerCount("error") > 0);
    context.stdout.emit("error", Object.assign(new Error("EPIPE"), { code: "EPIPE" }));
    expect(await done).toBe(141);
    expect(library.calls).toContain("delete pipe");
    expect(context.err()).toBe("");
  });

  it("reuses a name whose container ended while nobody was there to remove it", async () => {
    const { library, context } = setUp(speak);
    await runCli(["run", "-d", "--rm", "--name", "again", "busybox"], context);
    await waitFor(() => library.sandboxes.get("again")?.containersStatus[0]?.state === "stopped");
    expect(await runCli(["run", "--rm", "--name", "again", "busybox"], context)).toBe(7);
  });

  it("says that a name is in use", async () => {
    const { context } = setUp(untilSignal);
    await runCli(["run", "-d", "--name", "taken", "busybox"], context);
    expect(await runCli(["run", "-d", "--name", "taken", "busybox"], context)).toBe(125);
    expect(context.err()).toContain("virtc: sandbox taken exists");
  });
});

async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
