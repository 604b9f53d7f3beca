import * as v from "valibot";

const texts = v.pipe(v.array(v.string()), v.readonly());

/** The part of an image's configuration that a container is made by; names as in the OCI image spec. */
export interface ImageRunConfig {
  /** As `NAME=value`. */
  env: readonly string[];
  /** The program with its first arguments; empty: the command is the program. */
  entrypoint: readonly string[];
  /** The arguments, or the program with them, where the caller gives none. */
  cmd: readonly string[];
  /** An absolute path; empty: `/`. */
  workingDir: string;
  /** `user[:group]`, by names or numbers; empty: root. */
  user: string;
}

export const ImageRunConfigSchema = v.object({
  env: texts,
  entrypoint: texts,
  cmd: texts,
  workingDir: v.string(),
  user: v.string(),
});
