// Run as a process of its own, as an ordinary user: shares folders with a sandbox, and prints what came of it as JSON.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { VirtContainers } from "virtcontainers";

const [base = "", archive = ""] = process.argv.slice(2);
const vc = new VirtContainers({ stateDir: join(base, "state"), dataDir: join(base, "data") });
await vc.images.import(archive, { name: "busybox" });
const source = join(base, "folder");
const mounts = [
  { type: "bind", source, destination: "/rw" },
  { type: "bind", source, destination: "/ro", readOnly: true },
  { type: "bind", source: join(base, "single, file"), destination: "/etc/single" },
] as const;
const main = { id: "main", image: "busybox", waits: true, mounts: [...mounts] };
const sandbox = await vc.runSandbox({ id: "mine", containers: [main] });
try {
  const sh = async (script: string, container = "main", user = "0") => {
    const options = { container, user };
    const { stdout, stderr, exitCode } = await sandbox.exec(["sh", "-c", script], options);
    return { stdout, stderr, exitCode };
  };
  const daemon = (await sandbox.status()).shareDaemon;
  const inside = () =>
    readFileSync(`/proc/${daemon?.pid}/mountinfo`, "utf8")
      .split("\n")
      .filter((line) => line.includes(join(base, "state", "sbs", "mine", "mounts", "later")))
      .length;
  const read = await sh("cat /rw/file /ro/file /etc/single");
  const written = await sh("echo new > /rw/new; echo changed > /etc/single; cat /ro/new");
  const readonly = await sh("mount -o remount,rw /ro; touch /ro/evil");
  await sh("mkdir /rw/theirs; echo root > /rw/theirs/of-root; chmod 777 /rw/theirs");
  const given = await sh("chown 33:7 /rw/theirs/of-root");
  const others =
    given.exitCode === 0
      ? await sh("echo a > /rw/theirs/file; stat -c '%u %g' /rw/theirs/*", "main", "33:33")
      : given;
  await sandbox.createContainer({ ...main, id: "later" });
  await sandbox.startContainer("later");
  const later = await sh("cat /rw/new", "later");
  const during = inside();
  await sandbox.stopContainer("later", { force: true });
  await sandbox.deleteContainer("later");
  const after = inside();
  await sandbox.stop();
  await sandbox.start();
  const again = await sh("cat /rw/new");
  console.log(JSON.stringify({ read, written, readonly, others, later, during, after, again }));
} finally {
  await sandbox.delete({ force: true });
}
