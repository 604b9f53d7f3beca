import { expect, test } from "vitest";
import { createHost } from "../../src/host/real.ts";
import { isVmAlive } from "../../src/store/vm-alive.ts";

const marker = "0123456789abcdef";

test("a VM that is struck from the state while it is asked for is asked for all the same", async () => {
  const host = createHost();
  const own = await host.processes.identify(process.pid);
  if (own === undefined) throw new Error("this process has an identity");
  const vm = { process: own, marker, devices: {}, driver: {} };
  const sandbox: { bootId: string; vm?: typeof vm } = { bootId: await host.bootId(), vm };
  const asked = isVmAlive({ host }, sandbox);
  delete sandbox.vm;
  expect(await asked).toBe(true);
});
