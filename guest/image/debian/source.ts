import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../../scripts/support/run.ts";

const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

/**
 * Downloads a source package and unpacks it into `target`. Most systems list no sources, so apt gets a list
 * and folders of its own, below `scratch`; what the user has in /etc/apt stays as it is.
 */
export async function unpackSource(
  source: { name: string; version: string },
  scratch: string,
  target: string,
): Promise<void> {
  const options = await privateApt(scratch);
  await run("apt-get", [...options, "update"]);
  const spec = `${source.name}=${source.version}`;
  await run("apt-get", [...options, "source", "--download-only", spec], { cwd: scratch });
  const description = (await readdir(scratch)).find((file) => file.endsWith(".dsc"));
  if (description === undefined) throw new Error(`apt-get source ${source.name} left no .dsc`);
  await run("dpkg-source", ["--no-check", "-x", description, target], { cwd: scratch });
}

async function privateApt(scratch: string): Promise<string[]> {
  const targets = await run("apt-get", [
    "indextargets",
    "--format",
    "$(SITE) $(RELEASE) $(COMPONENT) $(ORIGIN)",
    "Created-By: Packages",
  ]);
  const list = join(scratch, "sources.list");
  await writeFile(list, `${sourceLines(targets).join("\n")}\n`);
  for (const folder of ["lists/partial", "cache/archives/partial"]) {
    await mkdir(join(scratch, folder), { recursive: true });
  }
  return [
    `Dir::Etc::SourceList=${list}`,
    "Dir::Etc::SourceParts=-",
    `Dir::State::Lists=${join(scratch, "lists")}`,
    `Dir::Cache=${join(scratch, "cache")}`,
    // The folders are the user's, so apt's own unprivileged user can't write there.
    "APT::Sandbox::User=root",
  ].flatMap((option) => ["-o", option]);
}

/** The deb-src lines for the mirrors from which Debian's binary packages come. */
export function sourceLines(indexTargets: string): string[] {
  const lines = indexTargets
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , origin]) => origin === "Debian")
    .map(
      ([site, suite, component]) => `deb-src [signed-by=${keyring}] ${site} ${suite} ${component}`,
    );
  return [...new Set(lines)];
}
