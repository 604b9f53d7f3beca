import { describe, expect, it } from "vitest";
import { runCli } from "../../src/cli.ts";
import { testContext } from "../support/context.ts";
import { fakeLibrary, type Program, statusOf } from "../support/library.ts";
import { over } from "../support/virtc.ts";

function withSandbox(program: Program) {
  const library = fakeLibrary(program);
  library.sandboxes.set("web", statusOf({ id: "web" }));
  return library;
}

describe("debug", () => {
  it("runs a command of the guest, and ends lines as files do", async () => {
    const library = withSandbox(async ({ write }, _signals, { args }) => {
      write(`${args.join(" ")}\r`);
      write("\ntwo\r\nthree\r");
      return 3;
    });
    const { code, out } = await over(library)("debug", "web", "--", "ps", "-o", "pid");
    expect([code, out]).toEqual([3, "ps -o pid\ntwo\nthree\r"]);
    expect(library.calls).toEqual(["release web"]);
  });

  it("gives the terminal to a shell", async () => {
    const library = withSandbox(async ({ write }, _signals, { args }) => {
      write(`args ${args.length}\r\n`);
      return 0;
    });
    const context = testContext(() => library, { terminal: true });
    const raw: boolean[] = [];
    context.stdin.isTTY = true;
    context.stdin.setRawMode = (on) => raw.push(on);
    expect(await runCli(["debug", "web"], context)).toBe(0);
    expect([context.out(), raw]).toEqual(["args 0\r\n", [true, false]]);
  });

  it("wants a terminal or a command", async () => {
    const { code, err } = await over(withSandbox(async () => 0))("debug", "web");
    expect(code).toBe(125);
    expect(err).toContain("`virtc debug web -- dmesg`");
  });
});
