import { AnnotationsSchema } from "../config/container.ts";
import { VirtError } from "../errors.ts";
import type { Verb } from "../operation/run-verb.ts";
import { parse } from "../validate.ts";
import { isConfiguration } from "./annotations/apply.ts";

/** Adds annotations, or gives those that are there other values. */
export function setAnnotations(annotations: Readonly<Record<string, string>>): Verb<void> {
  const more = parse(AnnotationsSchema, annotations, "annotations");
  const late = Object.keys(more).find(isConfiguration);
  if (late !== undefined) {
    throw new VirtError("INVALID_ARGUMENT", `the annotation ${late} counts at a create only`, {
      field: late,
      hint: "Create the sandbox with it, or leave it out.",
    });
  }
  return async ({ sandbox, save }) => {
    sandbox.config.annotations = { ...sandbox.config.annotations, ...more };
    await save();
  };
}
