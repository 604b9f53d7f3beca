import { describe, expect, it } from "vitest";
import { buildProgram, runCli } from "../../src/cli.ts";
import { ofProgram } from "../../src/commands/container/of-program.ts";
import { testContext } from "../support/context.ts";
import { fakeImage, fakeLibrary } from "../support/library.ts";
import { over } from "../support/virtc.ts";

const none = () => fakeLibrary(async () => 0, []);

async function printed(...argv: string[]): Promise<string> {
  const context = testContext(none);
  expect(await runCli(argv, context)).toBe(0);
  return context.out();
}

describe("other names of commands", () => {
  it.each([
    [["image", "remove"], "image rm|remove"],
    [["image", "list"], "image ls|list"],
    [["volume", "remove"], "volume rm|remove"],
    [["volume", "list"], "volume ls|list"],
    [["network", "remove"], "network rm|remove"],
    [["network", "list"], "network ls|list"],
    [["container", "list"], "container ls|list"],
    [["container", "rm"], "container delete|rm"],
    [["container", "remove"], "container delete|rm"],
    [["container", "unpause"], "container resume|unpause"],
    [["sandbox", "ls"], "sandbox list|ls"],
    [["pod", "remove"], "sandbox delete|rm"],
    [["sandbox", "unpause"], "sandbox resume|unpause"],
  ])("%j has the help of its command", async (words, usage) => {
    expect(await printed(...words, "--help")).toContain(`Usage: virtc ${usage} `);
  });

  it("do what the command does", async () => {
    const virtc = over(none());
    await virtc("network", "create", "front");
    expect(await virtc("network", "remove", "front")).toEqual({ code: 0, out: "front\n", err: "" });
  });

  it("are of one command each", async () => {
    const program = await buildProgram(testContext(none));
    for (const group of [program, ...program.commands]) {
      const names = group.commands.flatMap((one) => [one.name(), ...one.aliases()]);
      expect(new Set(names).size).toBe(names.length);
    }
  });

  it("are completed where no name begins so", async () => {
    expect(await printed("__complete", "--", "volume", "rem")).toBe("remove\tremove volumes\n");
    expect(await printed("__complete", "--", "volume", "r")).toBe("rm\tremove volumes\n");
    expect(await printed("__complete", "--", "image", "remove", "--fo")).toMatch(/^--force\t/);
  });
});

describe("commands of the program below container", () => {
  it.each(Object.keys(ofProgram))(
    "%s has the options and arguments that it has there",
    async (name) => {
      const help = await printed("container", name, "--help");
      expect(help).toContain(`Usage: virtc container ${name} `);
      expect(help.slice(help.indexOf("\n")).replaceAll("virtc container", "virtc")).toBe(
        (await printed(name, "--help")).replace(/^.*/, ""),
      );
    },
  );

  it("run a container, and tell of one", async () => {
    const virtc = over(fakeLibrary(async () => 3, [fakeImage("busybox")]));
    expect((await virtc("container", "run", "--name", "web", "busybox", "ls", "-l")).code).toBe(3);
    expect(await virtc("container", "wait", "web")).toEqual(await virtc("wait", "web"));
    expect((await virtc("container", "inspect", "web")).out).toContain('"web"');
  });

  it("have their options and images completed", async () => {
    expect(await printed("__complete", "--", "container", "run", "--pul")).toMatch(/^--pull\t/);
    expect(await printed("__complete", "--", "container", "top", "web", "")).toBe(
      await printed("__complete", "--", "top", "web", ""),
    );
  });

  it.each([
    ["start", "start"],
    ["rm", "rm"],
    ["delete", "rm"],
    ["unpause", "resume"],
    ["stop", "stop"],
  ])("container %s of a name alone tells what takes one", async (word, alone) => {
    const { code, err } = await over(none())("container", word, "web");
    expect(code).toBe(125);
    expect(err).toContain(
      `the name is enough: \`virtc ${alone} NAME\`. See \`virtc container ${word}`,
    );
  });

  it("is asked for by a word that is nearly right", async () => {
    const { err } = await over(none())("container", "restrat", "web");
    expect(err).toContain("Did you mean restart?");
  });
});
