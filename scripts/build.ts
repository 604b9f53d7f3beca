/** Builds the packages' dist folders, each only if something that goes into it has changed. */
import { createProgress } from "./support/progress.ts";
import { buildPackages } from "./support/typescript.ts";

await buildPackages(createProgress());
