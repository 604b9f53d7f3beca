import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseEnv } from "../../../packages/virtc/src/args/env.ts";
import { parseMount } from "../../../packages/virtc/src/args/mounts/mount.ts";
import { parseTmpfs } from "../../../packages/virtc/src/args/mounts/tmpfs.ts";
import { parseVolume } from "../../../packages/virtc/src/args/mounts/volume.ts";
import { UsageError } from "../../../packages/virtc/src/errors/usage.ts";
import { parseReference } from "../../../packages/virtcontainers/src/image/reference.ts";
import { mutate, mutateText } from "../mutate.ts";
import { type Target, typed } from "../target.ts";
import { TemporaryFolder } from "../temporary.ts";

const nothing = { async [Symbol.asyncDispose]() {} };

/** The command line has an error of its own for wrong values. */
async function usage(read: () => unknown): Promise<boolean> {
  try {
    return await typed(read);
  } catch (error) {
    if (!(error instanceof UsageError) || error.message === "") throw error;
    return false;
  }
}

const envFiles = [
  'A=b\nPATH=/bin:/usr/bin\n# comment\n\nHOME\nEMPTY=\nQUOTED="x y"\n',
  "\ufeffA=b\r\n  INDENTED=1\r\nX=a=b=c # no comment\r\n",
].map((text) => Buffer.from(text));

export const envFile: Target = {
  reads: "a file for --env-file",
  async open() {
    const folder = await TemporaryFolder.make();
    const path = join(folder.path, "env");
    return {
      async feed(random) {
        await writeFile(path, mutate(random, envFiles));
        return await usage(async () => {
          for (const { var: name, value } of await parseEnv([], [path], {})) {
            if (name === "" || /[=\0]/.test(name) || value.includes("\0")) {
              throw new Error(`the variable ${JSON.stringify(name)} can't be`);
            }
          }
        });
      },
      async [Symbol.asyncDispose]() {
        await folder[Symbol.asyncDispose]();
      },
    };
  },
};

const mounts = [
  "type=bind,source=/a,destination=/b,readonly",
  "type=tmpfs,dst=/t,size=64m",
  'type=volume,"source=a,b",target=/v',
  "/host:/guest:ro,nosuid",
  "name:/data",
  "/tmp:size=1g,mode=1777",
];

export const mountOptions: Target = {
  reads: "values of --mount, --volume and --tmpfs",
  async open() {
    return {
      ...nothing,
      async feed(random) {
        const text = mutateText(random, mounts);
        const mount = await usage(() => parseMount(text, "/"));
        const volume = await usage(() => parseVolume(text, "/"));
        return (await usage(() => parseTmpfs(text))) || mount || volume;
      },
    };
  },
};

const references = [
  "alpine",
  "docker.io/library/alpine:3",
  "127.0.0.1:5000/team/app:1.2",
  "[::1]:5000/a/b_c--d.e:latest",
  `app@sha256:${"0123456789abcdef".repeat(4)}`,
];

export const reference: Target = {
  reads: "names of images",
  async open() {
    return {
      ...nothing,
      async feed(random) {
        const text = mutateText(random, references);
        return await typed(() => {
          const { name, path } = parseReference(text);
          if (path.split("/").includes("..")) throw new Error(`a path with ..: ${path}`);
          const again = parseReference(name).name;
          if (again !== name) throw new Error(`${name} is read as ${again}`);
        });
      },
    };
  },
};
