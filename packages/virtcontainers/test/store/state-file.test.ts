import { mkdir, readFile, writeFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { createHost } from "../../src/host/real.ts";
import { Store } from "../../src/store/store.ts";
import { testFolder } from "../support/folder.ts";

const seed = new URL("../../../../scripts/fuzz/seeds/state/sandbox.json", import.meta.url);

it.each(["", "..", "other"])("a state with the id %j of another is damaged", async (id) => {
  const store = new Store(createHost(), await testFolder());
  const { path, state } = store.folder("web");
  await mkdir(path, { recursive: true });
  const text = await readFile(seed, "utf8");
  await writeFile(state, text);
  expect((await store.read("web")).id).toBe("web");
  await writeFile(state, JSON.stringify({ ...JSON.parse(text), id }));
  await expect(store.read("web")).rejects.toMatchObject({ code: "STATE_INVALID" });
});
