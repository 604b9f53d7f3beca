import { createHash } from "node:crypto";
import { chmod, copyFile, mkdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cached, inScratch } from "../../scripts/support/cache.ts";
import { hashFile } from "../../scripts/support/hash.ts";
import { run } from "../../scripts/support/run.ts";
import { type DebianPackage, unpackPackage } from "./debian/packages.ts";

const reproducibleTar = "--sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --format=ustar";

/** Debian's static busybox, not installed. */
export async function busybox(found: DebianPackage): Promise<string> {
  const folder = await cached("busybox", found.version, (target) =>
    inScratch(async (scratch) => {
      await unpackPackage(found, scratch, join(scratch, "unpacked"));
      await copyFile(join(scratch, "unpacked/bin/busybox"), join(target, "busybox"));
    }),
  );
  return join(folder, "busybox");
}

/** The names under which a busybox can be called. */
export async function applets(program: string): Promise<string[]> {
  const names = (await run(program, ["--list"])).split("\n");
  return names.filter((name) => /^[\w[.-]+$/.test(name) && name !== "busybox");
}

/** Packs the image `busybox` as a tar of an OCI image layout. The same busybox gives the same bytes. */
export async function packBusyboxImage(program: string, output: string): Promise<void> {
  await inScratch(async (scratch) => {
    const root = join(scratch, "root");
    await fillRoot(root, program);
    const layout = join(scratch, "layout");
    const blobs = join(layout, "blobs/sha256");
    await mkdir(blobs, { recursive: true });
    await run("sh", ["-euc", `tar ${reproducibleTar} -C root -cf layer.tar .`], { cwd: scratch });
    const diffId = await hashFile(join(scratch, "layer.tar"));
    await run("gzip", ["-n", "-9", join(scratch, "layer.tar")]);
    const layer = await readFile(join(scratch, "layer.tar.gz"));
    const put = async (mediaType: string, content: Buffer) => {
      const digest = createHash("sha256").update(content).digest("hex");
      await writeFile(join(blobs, digest), content);
      return { mediaType, digest: `sha256:${digest}`, size: content.length };
    };
    const json = (value: unknown) => Buffer.from(JSON.stringify(value));
    const layerDescriptor = await put("application/vnd.oci.image.layer.v1.tar+gzip", layer);
    const config = await put("application/vnd.oci.image.config.v1+json", json(imageConfig(diffId)));
    const manifestType = "application/vnd.oci.image.manifest.v1+json";
    const manifest = await put(
      manifestType,
      json({ schemaVersion: 2, mediaType: manifestType, config, layers: [layerDescriptor] }),
    );
    const annotations = { "org.opencontainers.image.ref.name": "busybox:latest" };
    const platform = { architecture: "amd64", os: "linux" };
    await writeFile(
      join(layout, "index.json"),
      json({ schemaVersion: 2, manifests: [{ ...manifest, platform, annotations }] }),
    );
    await writeFile(join(layout, "oci-layout"), json({ imageLayoutVersion: "1.0.0" }));
    const pack = `tar ${reproducibleTar} -C layout -cf image.tar oci-layout index.json blobs`;
    await run("sh", ["-euc", pack], { cwd: scratch });
    await copyFile(join(scratch, "image.tar"), `${output}.new`);
    await rename(`${output}.new`, output);
  });
}

function imageConfig(diffId: string) {
  return {
    created: "1970-01-01T00:00:00Z",
    architecture: "amd64",
    os: "linux",
    config: {
      Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
      Cmd: ["sh"],
    },
    rootfs: { type: "layers", diff_ids: [`sha256:${diffId}`] },
  };
}

async function fillRoot(root: string, program: string): Promise<void> {
  for (const folder of ["bin", "dev", "etc", "home", "proc", "root", "sys", "tmp", "usr", "var"]) {
    await mkdir(join(root, folder), { recursive: true });
  }
  for (const name of ["bin", "sbin"]) await symlink("../bin", join(root, "usr", name));
  await symlink("bin", join(root, "sbin"));
  await copyFile(program, join(root, "bin/busybox"));
  for (const applet of await applets(program)) {
    await symlink("busybox", join(root, "bin", applet));
  }
  const etc: Record<string, string> = {
    passwd: "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n",
    group: "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n",
    hosts: "127.0.0.1 localhost\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
  };
  for (const [name, text] of Object.entries(etc)) await writeFile(join(root, "etc", name), text);
  await run("chmod", ["-R", "u+rwX,go=rX", root]);
  await chmod(join(root, "tmp"), 0o1777);
  await chmod(join(root, "root"), 0o700);
}
