import { Sandbox } from "virtcontainers";
import { createTestInstance } from "virtcontainers/testing";
import { expect, test } from "vitest";

/** The program under test: it runs a formatter that it does not trust. */
async function format(source: string): Promise<string> {
  await using sandbox = await Sandbox.create({ image: "formatter:2" });
  const { stdout } = await sandbox.exec(["fmt", "--stdin"], { stdin: source, check: true });
  return stdout;
}

test("gives back what the formatter says", async () => {
  await using _instance = await createTestInstance({
    asDefault: true,
    images: [{ name: "formatter:2", config: { cmd: ["fmt"] } }],
    commands: {
      fmt: async ({ stdin, stdout }) => {
        for await (const chunk of stdin) await stdout.write(chunk.toString().trim());
        return 0;
      },
    },
  });
  expect(await format("  a b ")).toBe("a b");
});

test("fails when the formatter does", async () => {
  await using _instance = await createTestInstance({
    asDefault: true,
    images: [{ name: "formatter:2" }],
    commands: { fmt: () => 2 },
  });
  await expect(format("a")).rejects.toMatchObject({ code: "EXIT_CODE", exitCode: 2 });
});

test("fails when the guest dies", async () => {
  await using _instance = await createTestInstance({
    asDefault: true,
    images: [{ name: "formatter:2" }],
    commands: { fmt: () => 0 },
    agent: { faults: [{ at: "ExecProcess", does: { kind: "cut" } }] },
  });
  await expect(format("a")).rejects.toMatchObject({ code: "SANDBOX_DEAD" });
});
