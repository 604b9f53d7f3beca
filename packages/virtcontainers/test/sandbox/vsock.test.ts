import { expect, test } from "vitest";
import { createTestInstance } from "../../src/testing/index.ts";
import { refusal } from "../support/refusal.ts";
import { waiting } from "../support/sandbox.ts";

// A kernel of one's own, since of the guest's kernels only one speaks vsock.
const hypervisorConfig = { useVSock: true, agentPorts: 1, kernelPath: "/kernel" };

test("over vsock any number of processes are served, without ports and without a handshake", async () => {
  await using instance = await createTestInstance({ agent: { handshake: false } });
  const config = { id: "sb", containers: [waiting], hypervisorConfig };
  const first = await instance.vc.runSandbox(config);
  const others = await Promise.all([1, 2, 3].map(() => instance.another().fetchSandbox("sb")));
  for (const sandbox of [first, ...others])
    expect((await sandbox.exec(["echo", "fine"])).stdout).toBe("fine\n");
  expect(instance.agent("sb").connections).toBe(4);
  for (const sandbox of others) await sandbox.release();
});

test("agentConfig may ask for it too, but not otherwise", async () => {
  await using instance = await createTestInstance({ agent: { handshake: false } });
  const sandbox = { containers: [waiting], agentConfig: { useVSock: true } };
  await instance.vc.runSandbox({ ...sandbox, hypervisorConfig: { kernelPath: "/kernel" } });
  const wrong = { ...sandbox, hypervisorConfig: { useVSock: false } };
  expect(await refusal(instance.vc.runSandbox(wrong))).toMatchObject({
    message: expect.stringContaining("must not differ"),
  });
});

test("what our kernel for the guest lacks is refused by name", async () => {
  await using instance = await createTestInstance();
  expect(
    await refusal(instance.vc.runSandbox({ containers: [], hypervisorConfig: { useVSock: true } })),
  ).toMatchObject({
    code: "NOT_SUPPORTED",
    field: "hypervisorConfig.useVSock",
    hint: expect.stringContaining("tuned"),
  });
});
