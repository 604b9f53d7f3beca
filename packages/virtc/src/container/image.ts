import type { Image } from "virtcontainers";
import type { Context } from "../context.ts";
import type { Library } from "../library.ts";
import { showProgress } from "../output/show-progress.ts";
import type { ContainerRequest } from "./request.ts";

/** Sees to it that the image of a container is there: pulls it if it must, with a progress bar on a terminal. */
export async function obtainImage(
  request: ContainerRequest,
  library: Library,
  signal: AbortSignal,
  context: Context,
  quiet = false,
): Promise<Image | undefined> {
  if (request.image === undefined) return undefined;
  const progress = showProgress(request.image, context, quiet);
  try {
    const { pull, platform } = request.options;
    return await library.images.ensure(request.image, {
      pull,
      signal,
      onProgress: progress.update,
      ...(platform === undefined ? {} : { platform }),
    });
  } finally {
    progress.end();
  }
}
