/** A job as of a CI server: a project goes in, steps run until one fails, what they have made comes out. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Sandbox } from "virtcontainers";

const steps = [
  { name: "build", run: "mkdir -p out && sort words.txt > out/sorted.txt" },
  { name: "test", run: 'test "$(head -n 1 out/sorted.txt)" = apple && echo "1 test passed"' },
  { name: "package", run: "tar -czf out/app.tar.gz -C out sorted.txt && ls out" },
];

const folder = await mkdtemp(join(tmpdir(), "ci-job-"));
try {
  // In place of a checkout.
  const project = join(folder, "project");
  await mkdir(project);
  await writeFile(join(project, "words.txt"), "pear\napple\nfig\n");

  await using sandbox = await Sandbox.create({ memoryMiB: 512, env: { CI: "true" } });
  await sandbox.files.upload(project, "/work");

  for (const { name, run } of steps) {
    const started = performance.now();
    const say = (text: string) => process.stdout.write(text.replaceAll(/^(?=.)/gm, `${name} | `));
    const step = sandbox.exec(["sh", "-euc", run], { cwd: "/work", onStdout: say, onStderr: say });
    const { exitCode } = await step;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(
      `${name}: ${exitCode === 0 ? "passed" : `failed with ${exitCode}`} in ${seconds} s`,
    );
    if (exitCode !== 0) {
      process.exitCode = 1;
      break;
    }
  }

  if (process.exitCode === undefined) {
    const artefact = join(folder, "app.tar.gz");
    await sandbox.files.download("/work/out/app.tar.gz", artefact);
    console.log(`app.tar.gz: ${(await readFile(artefact)).length} bytes`);
  }
} finally {
  await rm(folder, { recursive: true });
}
