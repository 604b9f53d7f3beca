import { type HttpRegistry, httpRegistry } from "./http-registry.ts";
import { type TestStore, testStore } from "./store.ts";

/** Registry settings that don't make a test wait. */
export const quick = { dockerConfigDir: "/nonexistent", retryDelayMs: 1, silenceTimeoutMs: 5000 };

/** A registry with an image, and an empty store. */
export async function setUp(
  recipe = {},
  registries = {},
): Promise<{ registry: HttpRegistry; store: TestStore; reference: string }> {
  const registry = await httpRegistry(recipe);
  const store = await testStore({ registries: { ...quick, ...registries } });
  return { registry, store, reference: `${registry.host}/app:1` };
}

/** An image with a layer of some hundred kilobytes. */
export const big = {
  layers: [
    [
      {
        path: "big",
        content: Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i) % 251)),
      },
    ],
  ],
  packing: "none" as const,
};
