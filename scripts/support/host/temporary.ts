import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HostState } from "./host.ts";

/** Of the programs that run the tests, which keep them or take them away themselves. */
const ofTools = /^(tsx-|node-compile-cache|npm-|vitest|v8-|[\w-]{21}$)/;

/** A folder for the temporary files of the suite alone: what is left in it was left by a test. */
export class TemporaryFolder implements Disposable {
  readonly path: string;

  constructor() {
    // Sockets are below it, whose paths must be short.
    this.path = mkdtempSync(join(tmpdir(), "vt-"));
    // Users of VMMs pass through, and other users run tests.
    chmodSync(this.path, 0o1777);
  }

  left(): HostState {
    const names = readdirSync(this.path).filter((name) => !ofTools.test(name));
    return new Map(names.map((name) => [join(this.path, name), "left by a test"]));
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
