import * as v from "valibot";

const texts = v.pipe(v.array(v.string()), v.readonly());

/** The part of an image's configuration that a container is made by; names as in the OCI image spec. */
export interface ImageRunConfig {
  env: readonly string[];
  entrypoint: readonly string[];
  cmd: readonly string[];
  workingDir: string;
  user: string;
}

export const ImageRunConfigSchema = v.object({
  env: texts,
  entrypoint: texts,
  cmd: texts,
  workingDir: v.string(),
  user: v.string(),
});
