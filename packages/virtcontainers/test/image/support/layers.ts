import { join } from "node:path";
import { addImage, type ImageRecipe } from "../../../../../test/support/images.ts";
import type { TarMember } from "../../../../../test/support/tar.ts";
import type { Image } from "../../../src/image/image.ts";
import { contentsOf, type MountedEntry } from "./mounted.ts";
import { type TestStore, testStore } from "./store.ts";

/** Imports an image of these layers, through an OCI layout. */
export async function importLayers(
  layers: ImageRecipe["layers"],
  recipe: Partial<ImageRecipe> = {},
): Promise<{ image: Image; store: TestStore }> {
  const store = await testStore();
  const layout = join(store.folder, "layout");
  await addImage(layout, { name: "test:1", ...recipe, layers });
  return { image: await store.images.import(layout), store };
}

/** What the kernel finds in an image of these layers. */
export async function unpacked(
  ...layers: readonly (readonly TarMember[])[]
): Promise<Map<string, MountedEntry>> {
  const { image } = await importLayers(layers);
  return contentsOf(image.path);
}
