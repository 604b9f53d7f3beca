import { expect, test } from "vitest";
import { createTestAgent } from "../../src/testing/agent/agent.ts";
import { Agents } from "../../src/testing/agents.ts";

test("agents can be asked for while their VM runs and some time after, and are not kept for ever", async () => {
  const agents = new Agents();
  const start = (sandboxId: string, marker: string) => {
    const agent = createTestAgent({});
    let end = () => {};
    const gone = new Promise<void>((resolve) => {
      end = resolve;
    });
    agents.add({ sandboxId, marker, gone }, agent);
    return {
      agent,
      end: async () => {
        end();
        await gone;
      },
    };
  };
  const lasting = start("lasting", "m");
  const restarted = start("again", "before");
  await restarted.end();
  const running = start("again", "after");
  for (let index = 0; index < 20; index++) await start(`sb${index}`, `m${index}`).end();
  expect(agents.of("lasting")).toBe(lasting.agent);
  expect(agents.in("m")).toBe(lasting.agent);
  expect(agents.of("again")).toBe(running.agent);
  expect(agents.of("sb3")).toBeUndefined();
  expect(agents.of("sb4")).toBeDefined();
  expect(agents.in("m4")).toBeUndefined();
});
