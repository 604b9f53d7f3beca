import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Engine, podmanEngine, podmanLacks, virtcEngine } from "./support/engines.ts";
import { makeBusyboxImage, packLayout } from "./support/images.ts";
import { makeTar } from "./support/tar.ts";

// Docker's behaviour, as Debian's podman has it: the same calls, and what must come of them, on both.

let base: string;
beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), "engines-"));
  const users = [
    {
      path: "etc/passwd",
      content: "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/tmp:/bin/sh\n",
    },
    { path: "etc/group", content: "root:x:0:\nalice:x:1000:\nstaff:x:50:alice\n" },
  ];
  const data = [
    { path: "data/", mode: 0o750, uid: 1000, gid: 50 },
    { path: "data/file", content: "of the image\n", uid: 1000, gid: 1000 },
    { path: "bin/plain", content: "no program" },
  ];
  const env = { Env: ["PATH=/bin"] };
  const images = {
    app: { extra: [...users, ...data], config: { ...env, Cmd: ["sh"], StopSignal: "SIGUSR1" } },
    entry: { extra: users, config: { ...env, Entrypoint: ["/bin/false"] } },
    reset: { config: { ...env, Entrypoint: [""], Cmd: ["echo", "of the image"] } },
    keeps: { extra: [...users, ...data], config: { ...env, Volumes: { "/data": {} } } },
  };
  for (const [name, recipe] of Object.entries(images)) {
    await makeBusyboxImage(join(base, name), { name, ...recipe });
    await packLayout(join(base, name), join(base, `${name}.tar`));
  }
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

const lack = podmanLacks();
const engines = [
  ["virtc", virtcEngine, undefined],
  ["podman", podmanEngine, lack],
] as const;

for (const [name, open, missing] of engines) {
  const title = missing === undefined ? name : `${name}, skipped: ${missing}`;
  describe.skipIf(missing !== undefined)(title, () => {
    let engine: Engine;
    const run = (...words: string[]) => engine.run(["run", "--rm", ...engine.runOptions, ...words]);
    beforeAll(async () => {
      engine = await open();
      for (const image of ["app", "entry", "reset", "keeps"])
        await engine.load(join(base, `${image}.tar`), image);
    });
    // Also of what a first try has left.
    beforeEach(async () => {
      const ids = (await engine.run(["ps", "-aq"])).stdout.split("\n").filter((id) => id !== "");
      if (ids.length > 0) await engine.run(["rm", "-f", ...ids]);
    });
    afterAll(async () => {
      expect(await engine.end()).toEqual([]);
    });

    test("what an image has as VOLUME is a volume, filled, which goes with the container where that is said", async () => {
      const volumes = async () => (await engine.run(["volume", "ls", "-q"])).stdout;
      const before = await volumes();
      const shown = await run(
        "keeps",
        "sh",
        "-c",
        "cat /data/file; grep -c ' /data ' /proc/mounts",
      );
      expect(shown.stdout).toBe("of the image\n1\n");
      expect(await volumes()).toBe(before);
      const kept = ["run", "--name", "vol", ...engine.runOptions, "keeps", "true"];
      expect((await engine.run(kept)).code).toBe(0);
      expect(await volumes()).not.toBe(before);
      expect((await engine.run(["rm", "-v", "vol"])).code).toBe(0);
      expect(await volumes()).toBe(before);
      expect(
        (await run("--image-volume", "ignore", "keeps", "grep", " /data ", "/proc/mounts")).code,
      ).toBe(1);
    });

    test("a container has its user's groups, its names, environment, mounts and filled volumes", async () => {
      const file = join(base, "env");
      writeFileSync(file, "# a comment\nA=b # none\n  INDENTED=1\nHERE\nEMPTY=\nABSENT\n");
      const script =
        "id -u; id -g; grep Groups /proc/self/status; hostname; cat /etc/hostname; echo; cat /etc/hosts; " +
        "env; stat -c '%n %a %u:%g' /data /data/file /m; cat /data/file; ls /data; " +
        "grep -E ' /(m|t|data|data/sub) ' /proc/mounts";
      const words = [
        ...["-h", "web.example.org", "-u", "alice", "--env-file", file],
        ...["-v", "inner:/data/sub", "-v", "outer:/data", "--tmpfs", "/t"],
        ...["--mount", "type=tmpfs,dst=/m,tmpfs-size=1m,tmpfs-mode=1770"],
      ];
      const { code, stdout, stderr } = await engine.run(
        ["run", "--rm", ...engine.runOptions, ...words, "app", "sh", "-c", script],
        { env: { HERE: "from here" } },
      );
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      const lines = stdout.split("\n");
      expect(lines.slice(0, 2)).toEqual(["1000", "1000"]);
      expect(lines[2]?.split(/\s+/).filter(Boolean).slice(1).sort()).toEqual(["1000", "50"]);
      expect(lines.slice(3, 5)).toEqual(["web.example.org", "web.example.org"]);
      expect(stdout).toMatch(/^127\.0\.0\.1\s+localhost\b/m);
      expect(stdout).toMatch(/^127\.0\.0\.1\s+(?:\S+\s+)*web\.example\.org\b/m);
      for (const line of ["A=b # none", "INDENTED=1", "HERE=from here", "EMPTY="])
        expect(lines).toContain(line);
      expect(stdout).not.toContain("ABSENT");
      expect(lines).toContain("/data 750 1000:50");
      expect(lines).toContain("/data/file 644 1000:1000");
      expect(lines).toContain("/m 1770 0:0");
      for (const line of ["of the image", "file", "sub"]) expect(lines).toContain(line);
      expect(lines).not.toContain("lost+found");
      const mounts = lines.slice(-5, -1).map((line) => line.split(" "));
      const at = (path: string) => mounts.find(([, place]) => place === path)?.[3]?.split(",");
      expect(at("/m")).toEqual(expect.arrayContaining(["nosuid", "nodev", "size=1024k"]));
      expect(at("/t")).toEqual(expect.arrayContaining(["nosuid", "nodev"]));
      // The inner one is seen, whichever was given first.
      expect(mounts.map(([, place]) => place)).toEqual(
        expect.arrayContaining(["/data", "/data/sub"]),
      );
    });

    test("an empty entry point is none, also of an image; a group given by number is the only one", async () => {
      const groups = await run(
        ...["-u", "1234:5678", "--entrypoint", "", "entry"],
        ...["grep", "Groups", "/proc/self/status"],
      );
      expect(groups.code).toBe(0);
      expect(groups.stdout.trim()).toBe("Groups:\t5678");
      expect(await run("reset")).toMatchObject({ code: 0, stdout: "of the image\n" });
    });

    test.each([
      [["-v", "/tmp:/x:zz,nonsense"], "zz"],
      [["--mount", "type=bind,src=/tmp,dst=/x,nonsense=1"], "nonsense"],
      [["--mount", "type=nonsense,dst=/x"], "nonsense"],
      [["--env-file", "/none/env"], "/none/env"],
    ])("%j is refused", async (words, named) => {
      const { code, stderr } = await run(...words, "app", "true");
      expect(code).toBe(125);
      expect(stderr).toContain(named);
    });

    test("an image gets names, is saved and loaded, and its names are taken away", async () => {
      const succeeds = async (words: string[], options = {}) => {
        const { code, stdout, stderr } = await engine.run(words, options);
        expect({ words, code, stderr }).toEqual({ words, code: 0, stderr: "" });
        return stdout;
      };
      const archive = join(base, `${name}.archive.tar`);
      expect(await succeeds(["tag", "app", "registry.example/team/app:2"])).toBe("");
      await succeeds(["save", ...engine.quiet, "-o", archive, "registry.example/team/app:2"]);
      await succeeds(["rmi", "registry.example/team/app:2"]);
      const gone = ["run", "--pull", "never", ...engine.runOptions, "registry.example/team/app:2"];
      expect((await engine.run(gone)).code).toBe(125);
      const loaded = await succeeds(["load", "-q", "-i", archive]);
      expect(loaded).toMatch(/^Loaded image(\(s\))?: registry\.example\/team\/app:2$/m);
      const words = [
        "--rm",
        ...engine.runOptions,
        "registry.example/team/app:2",
        "cat",
        "/data/file",
      ];
      expect(await succeeds(["run", ...words])).toBe("of the image\n");
      const listed = ["images", "--format", "{{.Repository}}:{{.Tag}}"];
      expect((await succeeds(listed)).split("\n")).toContain("registry.example/team/app:2");
      const history = await succeeds(["history", "-q", "registry.example/team/app:2"]);
      expect(history.trim().split("\n").length).toBeGreaterThanOrEqual(1);
      await succeeds(["rmi", "registry.example/team/app:2"]);
      for (const wrong of [
        ["save", "-o", archive, "no/such:1"],
        ["tag", "no/such:1", "x"],
        ["rmi", "no/such:1"],
        ["history", "no/such:1"],
        ["load", "-i", "/none/archive.tar"],
      ]) {
        expect((await engine.run(wrong)).code).not.toBe(0);
      }
    });

    test("a root file system comes in as an image, with what is said of it", async () => {
      const tar = join(base, "plain.tar");
      if (!existsSync(tar)) {
        writeFileSync(tar, makeTar([{ path: "hello", content: "from a tar\n" }]));
      }
      const changes = ['CMD ["/x"]', "ENV A=b", "LABEL made=here", "WORKDIR /w"];
      const words = changes.flatMap((change) => ["--change", change]);
      const made = await engine.run([
        "import",
        ...words,
        "-m",
        "by hand",
        tar,
        "local.example/plain:1",
      ]);
      expect(made.code).toBe(0);
      const steps = await engine.run(["history", "--no-trunc", "local.example/plain:1"]);
      expect(steps.stdout).toContain("by hand");
      expect((await engine.run(["rmi", "local.example/plain:1"])).code).toBe(0);
    });

    test("a container's files are exported, and become an image with what is changed of it", async () => {
      const options = ["--name", "made", ...engine.runOptions, "--tmpfs", "/mem"];
      const script =
        "echo new > /data/new; rm /data/file; echo x > /mem/x; touch /ready; sleep 100000";
      expect((await engine.run(["run", "-d", ...options, "app", "sh", "-c", script])).code).toBe(0);
      const wait = "while ! [ -e /ready ]; do sleep 0.1; done";
      expect((await engine.run(["exec", "made", "sh", "-c", wait])).code).toBe(0);
      const tar = join(base, `${name}.export.tar`);
      expect(await engine.run(["export", "-o", tar, "made"])).toMatchObject({ code: 0 });
      const members = execFileSync("tar", ["-tf", tar], { encoding: "utf8" }).split("\n");
      expect(members).toContain("data/new");
      // Files that are one are one there, too: the image's are of a megabyte, and hundreds.
      expect(statSync(tar).size).toBeLessThan(16 * 1024 ** 2);
      for (const gone of ["data/file", "mem/x", "proc/self"]) expect(members).not.toContain(gone);
      const changes = ["-a", "me", "-m", "note", "--change", 'CMD ["cat", "/data/new"]'];
      const image = "registry.example/made:1";
      const committed = await engine.run([
        "commit",
        ...engine.commitOptions,
        ...changes,
        "made",
        image,
      ]);
      expect({ code: committed.code, stderr: committed.stderr }).toMatchObject({ code: 0 });
      expect((await engine.run(["rm", "-f", "made"])).code).toBe(0);
      expect(await run(image)).toMatchObject({ code: 0, stdout: "new\n" });
      expect(await run(image, "ls", "/data")).toMatchObject({ code: 0, stdout: "new\n" });
      const owner = await run(image, "stat", "-c", "%a %u:%g", "/data");
      expect(owner.stdout).toBe("750 1000:50\n");
      const steps = await engine.run(["history", image]);
      // podman shows the image below in the place of the message.
      expect(steps.stdout).toContain(name === "virtc" ? "note" : "app");
      expect((await engine.run(["rmi", image])).code).toBe(0);
      expect((await engine.run(["export", "made"])).code).toBe(125);
    });

    test("a user has further groups, and labels are looked for", async () => {
      const groups = [
        "-u",
        "alice",
        "--group-add",
        "77",
        "--group-add",
        "staff",
        "--label",
        "tier=x",
      ];
      const { code, stdout } = await run(...groups, "app", "id", "-G");
      expect(code).toBe(0);
      expect(stdout.trim().split(" ").sort()).toEqual(["1000", "50", "77"]);
      const options = ["--name", "labelled", ...engine.runOptions, "--label", "tier=back"];
      expect((await engine.run(["run", ...options, "app", "true"])).code).toBe(0);
      const found = (label: string) =>
        engine.run(["ps", "-a", "--filter", `label=${label}`, "--format", "{{.Names}}"]);
      expect((await found("tier=back")).stdout).toBe("labelled\n");
      expect((await found("tier=front")).stdout).toBe("");
      expect((await engine.run(["rm", "labelled"])).code).toBe(0);
    });

    test("rights and limits are those that are asked for, in docker's forms", async () => {
      const words = [
        ...["--cap-drop", "all", "--cap-add", "chown", "--cap-add", "CAP_KILL"],
        ...[
          "--security-opt",
          "no-new-privileges",
          "--ulimit",
          "core=0",
          "--ulimit",
          "stack=65536:131072",
        ],
        ...["--shm-size", "8m", "--read-only", "--tmpfs", "/t:size=1m,mode=700"],
      ];
      const script =
        "grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status; ulimit -c; ulimit -s; ulimit -Hs; " +
        "df -k /dev/shm /t | awk 'NR > 1 { print $2 }'; stat -c %a /t; touch /t/x && ! touch /x 2>/dev/null && echo kept";
      const { code, stdout, stderr } = await run(...words, "app", "sh", "-c", script);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout.split(/\s+/).filter(Boolean)).toEqual([
        ...["CapEff:", "0000000000000021", "CapBnd:", "0000000000000021", "NoNewPrivs:", "1"],
        ...["0", "64", "128", "8192", "1024", "700", "kept"],
      ]);
      for (const refused of [
        ["--cap-add", "nonsense"],
        ["--ulimit", "nonsense=1"],
        ["--shm-size", "much"],
        ["--security-opt", "nonsense"],
        ["--memory-swap", "much"],
        ["--pull", "nonsense"],
      ])
        expect({ refused, code: (await run(...refused, "app", "true")).code }).toEqual({
          refused,
          code: 125,
        });
    });

    test("a mount is said as a line of CSV, whose quotes keep commas together", async () => {
      const folder = join(base, "a,b");
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "file"), "with a comma\n");
      const mount = `type=bind,"src=${folder}",dst=/q,ro`;
      const { code, stdout, stderr } = await run("--mount", mount, "app", "cat", "/q/file");
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "with a comma\n", stderr: "" });
      const cut = await run("--mount", `type=bind,src=${folder},dst=/q`, "app", "true");
      expect(cut.code).toBe(125);
    });

    test("a tar stream goes in without its folders, and with its hard links", async () => {
      const options = ["--name", "files", ...engine.runOptions];
      const started = await engine.run(["run", "-d", ...options, "app", "sleep", "100000"]);
      expect({ code: started.code, stderr: started.stderr }).toEqual({ code: 0, stderr: "" });
      const exec = (...words: string[]) => engine.run(["exec", "files", ...words]);
      const members = [
        { path: "implied/f", content: "text\n" },
        { path: "implied/hard", type: "1", linkTarget: "implied/f" },
      ];
      const copied = await engine.run(["cp", "-", "files:/tmp"], { input: makeTar(members) });
      expect({ code: copied.code, stderr: copied.stderr }).toEqual({ code: 0, stderr: "" });
      const seen = await exec("sh", "-c", "cd /tmp/implied; cat hard; stat -c %h f hard");
      expect(seen.stdout).toBe("text\n2\n2\n");
      await engine.run(["rm", "-f", "files"]);
    });

    test("a running container takes commands and files, and stops by its image's signal", async () => {
      const loop = "trap 'exit 3' USR1; while :; do sleep 0.1; done";
      const options = ["run", "-d", "--name", "box", ...engine.runOptions];
      expect((await engine.run([...options, "app", "sh", "-c", loop])).code).toBe(0);
      const exec = (...words: string[]) => engine.run(["exec", ...words]);
      const failing = [
        [["box", "/nope"], 127, "/nope"],
        [["box", "nope"], 127, "nope"],
        [["box", "/data"], 126, undefined],
        [["box", "/bin/plain"], 126, undefined],
        [["-w", "/none", "box", "true"], 127, "/none"],
      ] as const;
      for (const [words, code, named] of failing) {
        const plain = await exec(...words);
        expect({ words, code: plain.code }).toEqual({ words, code });
        expect(plain.stderr).toContain(named ?? "ermi");
        const terminal = await engine.terminal(["exec", "-t", ...words]);
        expect({ words, code: terminal.code }).toEqual({ words, code });
        expect(terminal.text).toContain(named ?? "ermi");
      }
      expect((await exec("-u", "alice", "box", "id")).stdout).toMatch(
        /^uid=1000\(alice\) gid=1000\(alice\) groups=.*50\(staff\)/,
      );
      const members = [{ path: "d/" }, { path: "d/f", content: "text\n" }];
      const copied = await engine.run(["cp", "-", "box:/tmp"], { input: makeTar(members) });
      expect({ code: copied.code, stderr: copied.stderr }).toEqual({ code: 0, stderr: "" });
      expect((await exec("box", "cat", "/tmp/d/f")).stdout).toBe("text\n");
      expect((await engine.run(["stop", "-t", "60", "box"])).code).toBe(0);
      expect((await engine.run(["wait", "box"])).stdout).toBe("3\n");
    });

    test("a container is made, started, started again with what it wrote, and removed", async () => {
      const script = "echo out; echo line >> /file; cat /file; exit 4";
      const cidfile = join(base, `${name}.cid`);
      rmSync(cidfile, { force: true });
      const create = ["create", "--name", "life", "--cidfile", cidfile, ...engine.runOptions];
      const words = ["app", "sh", "-c", script];
      const made = await engine.run([...create, ...words]);
      expect({ code: made.code, stderr: made.stderr }).toEqual({ code: 0, stderr: "" });
      expect(readFileSync(cidfile, "utf8")).toBe(made.stdout.trim());
      const ps = async (...options: string[]) =>
        (await engine.run(["ps", ...options, "--format", "{{.Names}} {{.Status}}"])).stdout;
      expect(await ps("-a", "--filter", "name=life")).toBe("life Created\n");
      expect(await ps()).toBe("");
      for (const lines of ["line\n", "line\nline\n"]) {
        const started = await engine.run(["start", "-a", "life"]);
        expect(started).toMatchObject({ code: 4, stdout: `out\n${lines}` });
      }
      expect(await ps("--filter", "status=exited", "--filter", "name=life")).toMatch(
        /^life Exited \(4\) .* ago\n$/,
      );
      const table = await engine.run(["ps", "-a", "--format", "table {{.Names}}\\t{{.Image}}"]);
      expect(table.stdout.trim().split("\n")[0]?.split(/\s+/)).toEqual(["NAMES", "IMAGE"]);
      expect((await engine.run(["ps", "--filter", "nonsense=1"])).code).toBe(125);
      expect((await engine.run([...create.with(2, "other"), ...words])).code).toBe(125);
      expect((await engine.run(["rm", "life"])).code).toBe(0);
      expect((await engine.run(["rm", "-f", "life"])).code).toBe(0);
      expect((await engine.run(["rm", "life"])).code).not.toBe(0);
    });

    test("who attaches gives its input, and has the exit code; how one is stopped was said when it was made", async () => {
      const options = ["--name", "talk", ...engine.runOptions];
      const script = "read word; echo got $word; exit 5";
      expect((await engine.run(["run", "-di", ...options, "app", "sh", "-c", script])).code).toBe(
        0,
      );
      const talked = await engine.run(["attach", "talk"], { input: "hello\n" });
      // Podman leaves at the end of the input.
      if (name === "virtc") expect(talked).toMatchObject({ code: 5, stdout: "got hello\n" });
      expect((await engine.run(["wait", "talk"])).stdout).toBe("5\n");
      expect((await engine.run(["logs", "talk"])).stdout).toBe("got hello\n");
      await engine.run(["rm", "-f", "talk"]);
      const loop = "trap 'exit 9' HUP; while :; do sleep 0.1; done";
      const stop = ["--stop-signal", "HUP", "--stop-timeout", "60"];
      await engine.run(["run", "-d", ...stop, ...options, "app", "sh", "-c", loop]);
      expect((await engine.run(["stop", "talk"])).code).toBe(0);
      expect((await engine.run(["wait", "talk"])).stdout).toBe("9\n");
      expect((await engine.run(["restart", "talk"])).code).toBe(0);
      expect((await engine.run(["rm", "-f", "talk"])).code).toBe(0);
    });
  });
}

describe.skipIf(lack !== undefined)("archives of both", () => {
  test("what virtc saves podman loads and runs, and the other way round", async () => {
    const [ours, theirs] = [await virtcEngine(), await podmanEngine()];
    try {
      for (const [from, to, formats] of [
        [ours, theirs, ["docker-archive", "oci-archive"]],
        [theirs, ours, ["docker-archive", "oci-archive"]],
      ] as const) {
        await from.load(join(base, "app.tar"), "app");
        const name = "registry.example/app:1";
        expect((await from.run(["tag", "app", name])).code).toBe(0);
        for (const format of formats) {
          const archive = join(base, `${from === ours ? "ours" : "theirs"}-${format}.tar`);
          const saved = ["save", ...from.quiet, "--format", format, "-o", archive, name];
          expect(await from.run(saved)).toMatchObject({ code: 0, stderr: "" });
          expect(await to.run(["load", "-q", "-i", archive])).toMatchObject({ code: 0 });
          const script = "cat /data/file; stat -c '%a %u:%g' /data; id -un";
          const words = ["--rm", ...to.runOptions, "-u", "alice", name, "sh", "-c", script];
          expect(await to.run(["run", ...words])).toMatchObject({
            code: 0,
            stdout: "of the image\n750 1000:50\nalice\n",
          });
          expect((await to.run(["rmi", name])).code).toBe(0);
        }
      }
    } finally {
      expect([await ours.end(), await theirs.end()]).toEqual([[], []]);
    }
  });
});
