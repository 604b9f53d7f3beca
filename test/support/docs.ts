import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Block } from "../../scripts/support/blocks.ts";
import { busyboxArchive, type Virtc } from "./virtc.ts";

/** One command line of a document, and what is said to come of it. */
export interface DocumentedLine {
  command: string;
  output: string[];
}

/** What stands after a prompt, with the lines up to the next one. */
export function documentedLines({ text }: Pick<Block, "text">): DocumentedLine[] {
  const found: DocumentedLine[] = [];
  for (const line of text.split("\n")) {
    const command = /^[$#] (.*)$/.exec(line)?.[1];
    if (command !== undefined) found.push({ command, output: [] });
    else if (line !== "") found.at(-1)?.output.push(line);
  }
  return found;
}

/** What is run elsewhere: by whoever tries the packages, or the whole suite itself. */
const elsewhere = /^(npm |export PATH=|virtc setup *(#|$))/;
/** A registry that tests have not, or are a test of their own. */
const needsRegistry = /^virtc ((image )?pull |rmi alpine:)/;
/** Goes on until it is told to end. */
const endless = /^virtc (events( --filter [^ ]+)*|logs (-f .*|.* -f .*)|stats|top web|wait web)$/;
const onTerminal = /(^| )-it |^virtc attach |^virtc debug web *(#|$)/;

export function isRunHere({ command }: DocumentedLine): boolean {
  return !elsewhere.test(command) && !needsRegistry.test(command);
}

/** The folders and files that the documents speak of, below a folder of the test's. */
export function furnish(folder: string): void {
  const at = (...names: string[]) => join(folder, ...names);
  for (const name of ["site", "tree", "conf", "bin", ".zfunc", "etc", ".config/fish/completions"])
    mkdirSync(at(name), { recursive: true });
  writeFileSync(at("site/index.html"), "<p>\n");
  writeFileSync(at("conf/app"), "a=1\n");
  copyFileSync(busyboxArchive, at("app.tar"));
  for (const root of ["rootfs", "srv/debian", "srv/app/rootfs"]) {
    mkdirSync(at(root, "bin"), { recursive: true });
    for (const name of ["etc", "dev", "proc", "sys", "tmp"]) mkdirSync(at(root, name));
    copyFileSync("/bin/busybox", at(root, "bin/busybox"));
    execFileSync("chmod", ["755", at(root, "bin/busybox")]);
    for (const name of ["sh", "cat", "echo", "df", "ls", "touch"])
      symlinkSync("busybox", at(root, "bin", name));
    writeFileSync(at(root, "etc/os-release"), "ID=test\n");
  }
  execFileSync("tar", ["-czf", at("rootfs.tar.gz"), "-C", at("rootfs"), "."]);
  const process = { args: ["/bin/echo", "from the bundle"], cwd: "/", user: { uid: 0, gid: 0 } };
  const mounts = [{ destination: "/proc", type: "proc", source: "proc" }];
  const spec = { ociVersion: "1.0.2", process, root: { path: "rootfs" }, mounts };
  writeFileSync(at("srv/app/config.json"), JSON.stringify(spec));
}

/** What the lines of a block take for granted. */
export function preparations(lines: readonly DocumentedLine[]): string[] {
  const text = lines.map(({ command }) => command).join("\n");
  const needs = (name: RegExp, made: RegExp) => name.test(text) && !made.test(text);
  const images = ["alpine:3", "alpine", "nginx", "app", "debian:12"].filter((name) =>
    new RegExp(`(^| )${name}( |$)`, "m").test(text),
  );
  const logged = "virtc exec web mkdir -p /var/log && virtc exec web touch /var/log/app.log";
  return [
    ...images.map((name) => {
      // The one is a distribution's, and the other a program's, which has a command.
      const archive = /^(alpine|debian)/.test(name) ? "rootfs.tar.gz" : "app.tar";
      return `virtc image import --name ${name} ${archive}`;
    }),
    ...(needs(/\bweb\b|ps -aq/, /--name web\b/)
      ? ["virtc run -d --name web busybox httpd -f", `${logged} && virtc exec web mkdir -p /srv`]
      : []),
    // An earlier line may have taken it away; a container would bring it by itself.
    ...(needs(/^virtc (tag|history|save|image inspect) busybox\b/m, /import/)
      ? ["virtc image import app.tar"]
      : []),
    ...(/ job\b/.test(text) ? ["virtc run -d --name job busybox true"] : []),
    ...(needs(/\bpod1\b/, /sandbox create/)
      ? ["virtc sandbox create --id pod1 --cpus 2 --memory 512m", "virtc sandbox start pod1"]
      : []),
    ...(needs(/\bc1\b/, /container create/)
      ? [
          "virtc container create --id c1 --image busybox --memory 64m pod1 httpd -f",
          "virtc container start pod1 c1",
        ]
      : []),
  ];
}

export interface Ran {
  code: number | null;
  output: string;
}

/** Runs a line in a shell, where `virtc` is a command; what has no end is told to end. */
export async function runLine(virtc: Virtc, folder: string, command: string): Promise<Ran> {
  const here = command.replaceAll("/srv/", (place, at: number) =>
    /web:$/.test(command.slice(0, at)) ? place : `${folder}/srv/`,
  );
  const line = here.replace("/etc/bash_completion.d/", `${folder}/etc/`);
  const words = line.replace(/ +# .*$/, "").trim();
  const shell = endless.test(words)
    ? ["timeout", "--preserve-status", "-s", "INT", "5", "bash", "-c", `exec ${words}`]
    : ["bash", "-c", line];
  const typed = onTerminal.test(words) ? ["script", "-qefc", words, "/dev/null"] : shell;
  const [file = "", ...args] = [...virtc.prefix, ...typed];
  const PATH = `${join(folder, "bin")}:${process.env.PATH}`;
  const child = spawn(file, args, { cwd: folder, env: { ...virtc.env, HOME: folder, PATH } });
  let output = "";
  child.stdout.on("data", (data: Buffer) => {
    output += data.toString();
  });
  let errors = "";
  child.stderr.on("data", (data: Buffer) => {
    errors += data.toString();
  });
  child.stdin.on("error", () => {});
  child.stdin.end(onTerminal.test(words) ? "exit\n" : "");
  await once(child, "close");
  const ended = endless.test(words) && child.exitCode === 130;
  return { code: ended ? 0 : child.exitCode, output: output + errors };
}
