import { describe, expect, it } from "vitest";
import { runCli } from "../../src/cli.ts";
import { packagesFor } from "../../src/commands/setup/packages.ts";
import { noLibrary, testContext } from "../support/context.ts";

describe("check", () => {
  it("tells of this host, and fails only if something required is missing", async () => {
    const context = testContext(noLibrary);
    const code = await runCli(["check", "--json"], context);
    const checks = JSON.parse(context.out());
    expect(checks.map((check: { id: string }) => check.id)).toContain("qemu");
    const fatal = checks.some(
      (check: { ok: boolean; required: boolean }) => check.required && !check.ok,
    );
    expect(code).toBe(fatal ? 125 : 0);
  });

  it("says in a word whether containers can run", async () => {
    const context = testContext(noLibrary);
    const code = await runCli(["check"], context);
    expect(context.out()).toContain(code === 0 ? "This host can run containers." : "can't run");
    expect(context.out()).toMatch(/^(ok|missing|without) +qemu +\S/m);
  });
});

describe("setup", () => {
  it("installs the packages of what is missing, each once", () => {
    const check = { required: true, detail: "", neededFor: "", remedy: undefined };
    const checks = [
      { ...check, id: "a", ok: false, packages: ["one", "two"] },
      { ...check, id: "b", ok: false, packages: ["two", "three"] },
      { ...check, id: "c", ok: true, packages: ["four"] },
    ];
    expect(packagesFor(checks)).toEqual(["one", "two", "three"]);
  });
});
