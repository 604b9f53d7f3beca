import * as v from "valibot";

const texts = v.pipe(v.array(v.string()), v.readonly());

/** The part of an image's configuration that a container is made by; names as in the OCI image spec. */
export const ImageRunConfigSchema = v.object({
  env: texts,
  entrypoint: texts,
  cmd: texts,
  workingDir: v.string(),
  user: v.string(),
});
export type ImageRunConfig = v.InferOutput<typeof ImageRunConfigSchema>;
