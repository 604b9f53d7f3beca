/** Tests of a program that uses sandboxes, without a VM: `node --test`, or any other runner. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isVirtError, Sandbox } from "virtcontainers";
import { createTestInstance } from "virtcontainers/testing";

/** The program under test: counts the words of a text with a program that it does not trust. */
async function countWords(text: string): Promise<number> {
  await using sandbox = await Sandbox.create({ image: "counter:2", network: "none" });
  const { stdout } = await sandbox.exec(["count", "--words"], { stdin: text, check: true });
  const count = Number(stdout);
  if (!Number.isInteger(count)) throw new Error(`the counter says ${JSON.stringify(stdout)}`);
  return count;
}

/** Sandboxes of doubles, in which `count` is a function of this test. */
const guest = async (count: (text: string) => string | number) =>
  await createTestInstance({
    asDefault: true,
    images: [{ name: "counter:2" }],
    commands: {
      count: async ({ args, stdin, stdout }) => {
        assert.deepEqual(args, ["--words"]);
        let text = "";
        for await (const chunk of stdin) text += chunk.toString();
        const answer = count(text);
        if (typeof answer === "number") return answer;
        await stdout.write(answer);
        return 0;
      },
    },
  });

test("gives the number that the counter says", async () => {
  await using _instance = await guest((text) => `${text.split(" ").length}\n`);
  assert.equal(await countWords("a b c"), 3);
});

test("fails when the counter fails", async () => {
  await using _instance = await guest(() => 2);
  await assert.rejects(countWords("a"), (error) => isVirtError(error, "EXIT_CODE"));
});

test("takes nothing from the counter but a number", async () => {
  await using _instance = await guest(() => "many");
  await assert.rejects(countWords("a"), /the counter says "many"/);
});
