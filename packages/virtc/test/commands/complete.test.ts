import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { runCli } from "../../src/cli.ts";
import { scripts } from "../../src/commands/completion/scripts.ts";
import { testContext } from "../support/context.ts";
import { fakeImage, fakeLibrary, statusOf } from "../support/library.ts";

async function completions(...words: string[]): Promise<string[]> {
  const library = fakeLibrary(async () => 0, [fakeImage("busybox:latest")]);
  library.sandboxes.set("web", statusOf({ id: "web" }));
  const containers = ["c1", "c2"].map((id) => ({ id, image: "busybox" }));
  library.sandboxes.set("pod1", statusOf({ id: "pod1", containers }));
  for (const name of ["bridge", "front"]) await library.networks.create({ name });
  const context = testContext(() => library);
  expect(await runCli(["__complete", "--", ...words], context)).toBe(0);
  return context
    .out()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("\t")[0] ?? "");
}

describe("__complete", () => {
  it.each([
    [["r"], ["run", "restart", "rm", "resume", "rmi"]],
    [
      ["sandbox", "st"],
      ["start", "stop", "status", "stats"],
    ],
    [["pod", "li"], ["list"]],
    [
      ["container", "c"],
      ["cp", "commit", "create"],
    ],
    [
      ["sandbox", "delete", ""],
      ["web", "pod1"],
    ],
    [
      ["container", "start", ""],
      ["web", "pod1"],
    ],
    [
      ["container", "start", "pod1", ""],
      ["c1", "c2"],
    ],
    [
      ["container", "kill", "pod1", "c1", "c"],
      ["c1", "c2"],
    ],
    [
      ["exec", "--container", "c"],
      ["c1", "c2"],
    ],
    [["container", "create", "--config", ""], [":files"]],
    [["container", "enter", "pod1", "c1", ""], [":files"]],
    [["stats", "--no-s"], ["--no-stream"]],
    [
      ["image", "p"],
      ["pull", "push", "prune"],
    ],
    [
      ["exec", ""],
      ["web", "pod1"],
    ],
    [["rm", "-f", "w"], ["web"]],
    [["rm", "pod1", "w"], ["web"]],
    [["run", ""], ["busybox:latest"]],
    [["run", "--rm", "-e", "A=1", "bus"], ["busybox:latest"]],
    [["run", "--pul"], ["--pull"]],
    [["run", "--pull", "n"], ["never"]],
    [["run", "--pull=al"], ["--pull=always"]],
    [["run", "busybox", ""], [":files"]],
    [["run", "busybox", "ls", "--p"], [":files"]],
    [["run", "--name", "x"], []],
    [
      ["run", "--network", ""],
      ["bridge", "front", "none"],
    ],
    [["sandbox", "create", "--network=f"], ["--network=front"]],
    [
      ["network", "rm", ""],
      ["bridge", "front"],
    ],
    [["port", "w"], ["web"]],
    [["image", "import", ""], [":files"]],
    [["kill", "-s", "SIGKI"], ["SIGKILL"]],
    [["ps", "--filter", "status=e"], ["status=exited"]],
    [["ps", "-f", "la"], ["label="]],
    [["ps", "--filter=health=un"], ["--filter=health=unhealthy"]],
    [["ps", "--filter", "type="], []],
    [
      ["image", "ls", "--filter", ""],
      ["dangling=true", "dangling=false", "label=", "reference=", "before=", "since="],
    ],
    [
      ["images", "--filter", "d"],
      ["dangling=true", "dangling=false"],
    ],
    [
      ["volume", "ls", "--filter", "driver="],
      ["driver=folder", "driver=ext4"],
    ],
    [
      ["network", "ls", "--filter", "type="],
      ["type=custom", "type=builtin"],
    ],
    [
      ["events", "--filter", "type=st"],
      ["type=started", "type=stopped"],
    ],
    [["events", "--filter", "n"], ["name="]],
    [["completion", "z"], ["zsh"]],
    [["nonsense", ""], expect.arrayContaining(["run", "image"])],
    [
      ["logs", "--t"],
      ["--timestamps", "--tail"],
    ],
  ])("%j", async (words, expected) => {
    expect(await completions(...words)).toEqual(expected);
  });

  it("offers no hidden command", async () => {
    expect(await completions("_")).toEqual([]);
  });

  it("says nothing when containers can't be listed", async () => {
    const context = testContext(() => {
      throw new Error("no state");
    });
    expect(await runCli(["__complete", "--", "rm", ""], context)).toBe(0);
    expect(context.out() + context.err()).toBe("");
  });
});

describe("the bash script", () => {
  it("offers candidates without what bash takes for a word of its own", async () => {
    const driver = `
      virtc() { printf '127.0.0.1:5000/a:1\\timage\\n127.0.0.1:5000/a:2\\timage\\n'; }
      ${scripts.bash}
      COMP_LINE='virtc run 127.0.0.1:5000/a' COMP_POINT=26
      _virtc
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await promisify(execFile)("bash", ["-c", driver]);
    expect(stdout).toBe("5000/a:1\n5000/a:2\n");
  });
});
