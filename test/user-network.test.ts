/** Networks of an ordinary user, on real VMs: his host is a namespace of the test's own. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { here, Lab, remote } from "./support/net/lab.ts";
import { canBeOrdinary, OrdinaryUser, processesWith } from "./support/net/ordinary-user.ts";
import { type Result, resultOf } from "./support/result.ts";
import { Virtc } from "./support/virtc.ts";

// By its path: entering a mount namespace leads to its root.
const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;

const mebibytes = Number(process.env.VIRTC_TRAFFIC_MIB ?? 16);
const timeout = 120_000 + mebibytes * 4000;
const sources = fileURLToPath(import.meta.url);
const webServer = fileURLToPath(new URL("support/net/web-server.ts", import.meta.url));
const demonstration = fileURLToPath(new URL("../scripts/demo-network.ts", import.meta.url));
const monitored = fileURLToPath(new URL("support/net/monitored-child.ts", import.meta.url));
/** What the web server gives, again and again. */
const piece = Buffer.alloc(64 * 1024, "virtcontainers ");

describe.skipIf(!canBeOrdinary(sources))(
  "an ordinary user's networks (needs root to become one)",
  () => {
    let lab: Lab;
    let user: OrdinaryUser;
    let virtc: Virtc;
    let before: string[];

    beforeAll(async () => {
      lab = await Lab.create();
      user = await OrdinaryUser.create();
      virtc = await Virtc.create({ netns: lab.netns, user });
      before = await lab.state();
    });
    afterEach(async () => {
      await virtc.removeAll();
      await virtc.run(["network", "prune"]);
      await virtc.run(["gc"]);
    });
    afterAll(async () => {
      await using _lab = lab;
      await using _user = user;
      // Nothing of his networks outlives his last container, and none of it was in the host's.
      expect(processesWith("HOME", virtc.folder)).toEqual([]);
      expect(await lab.state()).toEqual(before);
      expect(await virtc.end()).toEqual([]);
    });

    /** Runs a program of the sources. */
    const asUser = async (...program: string[]): Promise<Result> => {
      const [file = "", ...words] = [...virtc.prefix, process.execPath, "--import", loader];
      return await resultOf(spawn(file, [...words, ...program], { env: virtc.env }), "");
    };
    const server = ["busybox", "httpd", "-f"];
    const start = (name: string, ...options: string[]): Promise<string> =>
      virtc.ok("run", "-d", "--name", name, ...options, ...server);
    const inside = (name: string, ...argv: string[]): Promise<string> =>
      virtc.ok("exec", name, ...argv);
    const fetch = (from: string, url: string): Promise<string> => inside(from, "wget", "-qO-", url);
    const reaches = async (from: string, url: string): Promise<boolean> =>
      (await virtc.run(["exec", from, "timeout", "4", "wget", "-qO-", url])).code === 0;

    test("gets out over both families, is reached by published ports, and by name", async () => {
      await virtc.ok("network", "create", "--ipv6", "front");
      await start("web", "--network", "front", "-p", "8080:80");
      await start("job", "--network", "front");
      expect(await fetch("job", `http://${remote.ip}/`)).toBe(`::ffff:${here.ip}`);
      expect(await fetch("job", `http://[${remote.ip6}]/`)).toBe(here.ip6);
      expect(await fetch("job", "http://web/etc/hostname")).toBe("web\n");
      expect(await lab.fetch("http://127.0.0.1:8080/etc/hostname")).toBe("web\n");
      const beyond = ["-sS", "--fail", "--max-time", "60", `http://${here.ip}:8080/etc/hostname`];
      expect(await lab.execBeyond("curl", beyond)).toBe("web\n");
    });

    test("reaches nothing of this host, also by an address that came later", async () => {
      await start("web");
      const listens = ["-e", listener, "8081"];
      await using _server = await lab.serve(process.execPath, listens);
      for (const address of [here.ip, `[${here.ip6}]`])
        expect(await lab.fetch(`http://${address}:8081/`)).toBe("host");
      await lab.exec("ip", ["address", "add", "198.51.100.9/24", "dev", "up0"]);
      await virtc.ok("exec", "web", "true");
      const own = [here.ip, `[${here.ip6}]`, "198.51.100.9", "127.0.0.1"];
      const reached = own.map((address) => reaches("web", `http://${address}:8081/`));
      expect(await Promise.all(reached)).toEqual(own.map(() => false));
      expect(await reaches("web", `http://${remote.ip}/`)).toBe(true);
      await lab.exec("ip", ["address", "del", "198.51.100.9/24", "dev", "up0"]);
    });

    test("is connected to a network and let go of again while it runs", async () => {
      await virtc.ok("network", "create", "--subnet", "10.77.0.0/24", "back");
      await start("web");
      await start("db", "--network", "back");
      await virtc.ok("network", "connect", "--ip", "10.77.0.9", "back", "web");
      expect(await fetch("web", "http://db/etc/hostname")).toBe("db\n");
      expect(await fetch("db", "http://10.77.0.9/etc/hostname")).toBe("web\n");
      await virtc.ok("network", "disconnect", "back", "web");
      expect(await reaches("db", "http://10.77.0.9/etc/hostname")).toBe(false);
      expect(await fetch("web", `http://${remote.ip}/`)).toBe(`::ffff:${here.ip}`);
    });

    // It is long.
    if (process.env.VIRTC_USER_DEMO)
      test("shows what the demonstration shows", async () => {
        const { code, stdout, stderr } = await asUser(demonstration);
        expect(code, stdout + stderr).toBe(0);
        // From the host and from another container; what was typed is printed, too.
        expect(stdout.match(/^<p>from a container<\/p>$/gm), stdout).toHaveLength(2);
      });

    test("has its guest follow its namespace, by a monitor of his own that ends with it", async () => {
      expect(await asUser(monitored, "sb")).toMatchObject({ stdout: "10.66.0.5\n", code: 0 });
      expect(processesWith("HOME", virtc.folder).join("\n")).not.toContain("network-monitor");
    });

    test("goes where its egress policy lets it, and nowhere else", async () => {
      await start("web", "--egress", `allow:${remote.ip}`);
      expect(await fetch("web", `http://${remote.ip}/`)).toBe(`::ffff:${here.ip}`);
      expect(await reaches("web", `http://[${remote.ip6}]/`)).toBe(false);
    });

    test("sends and gets much with equal sums", { timeout }, async () => {
      await using _web = await lab.serveBeyond(process.execPath, [
        "--import",
        "tsx",
        webServer,
        "",
        "81",
      ]);
      const bytes = mebibytes * 1024 * 1024;
      const hash = createHash("sha256");
      for (let left = bytes; left > 0; left -= piece.length) hash.update(piece.subarray(0, left));
      const sum = hash.digest("hex");
      await start("web", "--memory", `${256 + 2 * mebibytes}m`);
      const run = (script: string) => inside("web", "sh", "-c", script);
      const url = `http://${remote.ip}:81`;
      expect(await run(`wget -qO /tmp/got ${url}/bytes/${bytes} && sha256sum < /tmp/got`)).toBe(
        `${sum}  -\n`,
      );
      expect(await run(`wget -qO- --post-file /tmp/got ${url}/`)).toBe(`${sum}\n`);
    });
  },
);

const listener =
  'require("node:http").createServer((q, a) => a.end("host")).listen(+process.argv[1], "::", () => console.log("ready"))';
