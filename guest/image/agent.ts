import { chmod, copyFile } from "node:fs/promises";
import { join } from "node:path";
import { cached } from "../../scripts/support/cache.ts";
import { hashOf, hashPaths } from "../../scripts/support/hash.ts";
import { repository } from "../../scripts/support/paths.ts";
import { run } from "../../scripts/support/run.ts";

const crate = join(repository, "guest/agent");
const protos = join(repository, "packages/agent-protocol/proto");
const programs = ["virtc-agent", "preinit", "container-init"];

export interface AgentPrograms {
  agent: string;
  preinit: string;
  containerInit: string;
  version: string;
}

/** Builds the guest's own programs, static, if their sources or the compiler have changed. */
export async function buildAgent(onLine: (line: string) => void): Promise<AgentPrograms> {
  const key = await keyOfSources();
  const folder = await cached("agent", key, async (target) => {
    await run("cargo", ["build", "--release", "--locked", "--bins"], { cwd: crate, onLine });
    if ((await keyOfSources()) !== key) {
      throw new Error("the agent's sources changed while it was being built: run this again");
    }
    for (const name of programs) {
      const built = join(crate, "target/x86_64-unknown-linux-gnu/release", name);
      await copyFile(built, join(target, name));
      await chmod(join(target, name), 0o755);
    }
  });
  const agent = join(folder, "virtc-agent");
  const version = (await run(agent, ["--version"])).trim().split(" ").at(-1) ?? "unknown";
  return {
    agent,
    preinit: join(folder, "preinit"),
    containerInit: join(folder, "container-init"),
    version,
  };
}

async function keyOfSources(): Promise<string> {
  const compiler = await run("rustc", ["--version"], { cwd: crate });
  const parts = ["src", ".cargo", "Cargo.toml", "Cargo.lock", "build.rs"];
  const sources = [...parts.map((part) => join(crate, part)), protos];
  return hashOf(compiler, await hashPaths(sources, repository)).slice(0, 24);
}
