import { createRequire } from "node:module";
import { VirtError } from "../errors.ts";

/** The bindings to C, when they are first needed. HOST_REQUIREMENT if they can't be loaded. */
export function loadKoffi(): typeof import("koffi") {
  try {
    return createRequire(import.meta.url)("koffi");
  } catch (cause) {
    throw new VirtError(
      "HOST_REQUIREMENT",
      "the native part of the package koffi can't be loaded",
      {
        cause,
        hint: "Reinstall the npm packages on this machine; koffi brings a build for each platform.",
      },
    );
  }
}
