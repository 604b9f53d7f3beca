import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createMockHypervisor, type MockMachine } from "../../src/testing/index.ts";
import { testFolder } from "../support/folder.ts";
import { soon } from "../support/soon.ts";
import { MemoryLedger } from "./support/ledger.ts";
import { spec } from "./support/spec.ts";

test("a machine that has ended writes nothing into the files of the next one", async () => {
  const machines: MockMachine[] = [];
  const mock = createMockHypervisor({
    serveAgent: () => {},
    onStart: (machine) => machines.push(machine),
  });
  const folder = await testFolder();
  for (const marker of ["first", "second"]) {
    const vm = await mock.start(spec({ folder, marker }), new MemoryLedger(), soon());
    onTestFinished(() => vm.stop({ graceMs: 0 }));
    if (marker === "first") await vm.stop({ graceMs: 0 });
  }
  for (const machine of machines) machine.writeConsole(machine.marker);
  expect(readFileSync(join(folder, "console.log"), "utf8")).toBe("second");
});
