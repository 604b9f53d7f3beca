import { expect, it } from "vitest";
import { createTestInstance } from "../../src/testing/index.ts";

it("a guest without programs for a console is told apart, before anything is asked of it", async () => {
  await using instance = await createTestInstance({ agent: { features: ["virtcontainers"] } });
  const sandbox = await instance.vc.runSandbox({ id: "pod1", containers: [] });
  await expect(sandbox.openConsole()).rejects.toMatchObject({
    code: "NOT_SUPPORTED",
    sandboxId: "pod1",
  });
  await expect(sandbox.openConsole({ size: { rows: 0, columns: 80 } })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    field: "size.rows",
  });
  await sandbox.release();
});

it("talks to a shell of the guest, and gives its connection back when that has ended", async () => {
  await using instance = await createTestInstance({
    commands: {
      dmesg: async ({ stdout, containerId, terminal }) => {
        await stdout.write(`[0.0] ${containerId || "guest"} ${terminal?.columns}\n`);
        return 0;
      },
      locked: "not-executable",
    },
  });
  const { vc } = instance;
  await (await vc.runSandbox({ id: "pod1", containers: [] })).release();
  const { io, exited, resize } = await vc.openConsole("pod1", { size: { rows: 10, columns: 40 } });
  const said = io.stdout[Symbol.asyncIterator]();
  io.stdin.write("FOO=bar; echo $FOO\n");
  expect(`${(await said.next()).value}`).toBe("bar\n");
  await resize(10, 50);
  io.stdin.write("(\ndmesg\n");
  expect(`${(await said.next()).value}`).toContain("sh: this shell does not know");
  expect(`${(await said.next()).value}`).toBe("[0.0] guest 50\n");
  io.stdin.write("exit 7\n");
  expect(await exited).toBe(7);
  expect((await said.next()).done).toBe(true);
  await expect.poll(() => instance.agent("pod1").connections).toBe(0);
  const failing = (args: string[]) => vc.openConsole("pod1", { args });
  await expect(failing(["nothing"])).rejects.toMatchObject({ code: "COMMAND_NOT_FOUND" });
  await expect(failing(["locked"])).rejects.toMatchObject({ code: "COMMAND_NOT_EXECUTABLE" });
});
