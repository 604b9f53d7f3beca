/** Makes a sandbox with a network monitor, puts a link into its namespace, and prints the address that its guest has then. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createHost } from "../../../packages/virtcontainers/src/host/real.ts";
import { VirtContainers } from "../../../packages/virtcontainers/src/index.ts";

const [, , id = ""] = process.argv;
const vc = new VirtContainers();
await using sandbox = await vc.runSandbox({
  id,
  containers: [{ id: "main", image: "busybox", waits: true }],
  network: {},
  networkConfig: { netmonConfig: { enable: true } },
});
const { network } = createHost();
const netns = join(process.env.VIRTC_STATE_DIR ?? "", "sbs", id, "netns");
const { code, stderr } = await network.run(netns, "ip", ["-batch", "-"], {
  input: `link add eth7 type veth peer name far7
addr add 10.66.0.5/24 dev eth7
link set far7 up
link set eth7 up
`,
});
if (code !== 0) throw new Error(stderr);
const script =
  "until ip -o -4 addr show dev eth7 2>/dev/null | grep -o '10[.]66[.]0[.]5'; do sleep 0.1; done";
const told = await sandbox.exec(["sh", "-c", script], { timeoutMs: 60_000 }).catch(() => undefined);
if (told?.exitCode === 0) process.stdout.write(told.stdout);
else throw new Error(readFileSync(join(netns, "../netmon.log"), "utf8"));
