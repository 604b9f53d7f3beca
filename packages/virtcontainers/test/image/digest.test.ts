import { expect, it } from "vitest";
import { digestOf, VerifiedBlob } from "../../src/image/digest.ts";

it("a blob tells its wrong digest though its consumer was stopped while it waited", async () => {
  let go = (): void => {};
  const more = new Promise<void>((resolve) => {
    go = resolve;
  });
  async function* source() {
    yield Buffer.from("damaged");
    await more;
  }
  const blob = new VerifiedBlob(source(), { digest: digestOf("whole") }, "the layer");
  const chunks = blob.chunks();
  await chunks.next();
  const abandoned = chunks.next().catch(() => "abandoned");
  const finished = blob.finish();
  go();
  await expect(finished).rejects.toMatchObject({
    code: "IMAGE_INVALID",
    message: expect.stringContaining(digestOf("damaged")),
  });
  expect(await abandoned).toBe("abandoned");
  await blob.close();
});
