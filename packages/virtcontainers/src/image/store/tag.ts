import type { Image } from "../image.ts";
import { storedName } from "../reference.ts";
import { locked, type StoreContext } from "./context.ts";
import { findImage } from "./list.ts";
import { setNames } from "./publish.ts";

/** Gives an image one more name, which is taken from the image that had it. */
export async function tagImage(
  context: StoreContext,
  reference: string,
  text: string,
  signal: AbortSignal,
): Promise<Image> {
  const name = storedName(text, "name");
  return locked(context, context.paths.lock, signal, async () => {
    const { image } = await findImage(context, reference);
    await setNames(context, [name], image.digest);
    return (await findImage(context, name)).image;
  });
}
