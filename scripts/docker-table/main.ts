import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { repository } from "../support/paths.ts";
import { page } from "./page.ts";

/** Writes docs/coming-from-docker.md. */
await writeFile(join(repository, "docs/coming-from-docker.md"), await page());
