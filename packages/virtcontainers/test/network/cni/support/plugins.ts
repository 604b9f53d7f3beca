import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A folder of plugins that say what they are called with, and do what a script says. */
export class ScriptedPlugins {
  readonly folder: string;
  readonly #log: string;

  constructor(parent: string) {
    this.folder = join(parent, "plugins");
    this.#log = join(parent, "calls");
    mkdirSync(this.folder);
    writeFileSync(this.#log, "");
    const before = process.env.CNI_PATH;
    process.env.CNI_PATH = `${this.folder}:/usr/lib/cni`;
    onTestFinished(() => {
      if (before === undefined) delete process.env.CNI_PATH;
      else process.env.CNI_PATH = before;
    });
  }

  /** `$CONFIG` is what it was given. */
  add(type: string, script: string): void {
    const path = join(this.folder, type);
    const head = `#!/bin/sh\nCONFIG="$(cat)"\necho "$CNI_COMMAND ${type} $CNI_NETNS $CONFIG" >> ${this.#log}\n`;
    writeFileSync(path, `${head}${script}\n`);
    chmodSync(path, 0o755);
  }

  calls(): { command: string; type: string; netns: string; config: Record<string, unknown> }[] {
    const lines = readFileSync(this.#log, "utf8").split("\n").slice(0, -1);
    return lines.map((line) => {
      const [, command = "", type = "", netns = "", config = "{}"] =
        /^(\S+) (\S+) (\S*) (.*)$/.exec(line) ?? [];
      return { command, type, netns, config: JSON.parse(config) };
    });
  }
}
