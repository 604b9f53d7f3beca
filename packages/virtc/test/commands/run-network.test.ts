import { describe, expect, it } from "vitest";
import { runCli } from "../../src/cli.ts";
import { testContext } from "../support/context.ts";
import { fakeImage, fakeLibrary, type Program } from "../support/library.ts";

const ends: Program = async ({ write }) => {
  write("here\n");
  return 3;
};

function setUp(env: NodeJS.ProcessEnv = {}, exposedPorts: string[] = []) {
  const image = fakeImage("busybox");
  const library = fakeLibrary(ends, [{ ...image, config: { ...image.config, exposedPorts } }]);
  return { library, context: testContext(() => library, { env }) };
}

describe.each([
  ["run", ["busybox"]],
  ["sandbox create", ["--image", "busybox"]],
])("virtc %s", (command, image) => {
  const words = (...options: string[]) => [...command.split(" "), ...options, ...image];

  it("makes a network and ports of its options", async () => {
    const { library, context } = setUp();
    const options = "--network blue:alias=a -p 8080:80 -p 127.0.0.1:53:53/udp --dns 10.0.0.1";
    await runCli(words(...options.split(" ")), context);
    expect(context.err()).toBe("");
    expect(library.created[0]).toMatchObject({
      network: { networks: [{ name: "blue", aliases: ["a"] }], dns: { servers: ["10.0.0.1"] } },
      ports: [
        { hostPort: 8080, containerPort: 80, protocol: "tcp" },
        { hostPort: 53, containerPort: 53, protocol: "udp", hostIP: "127.0.0.1" },
      ],
    });
  });

  it("publishes what the image exposes with -P, and what -p says as it says", async () => {
    const { library, context } = setUp({}, ["80/tcp", "53/udp"]);
    await runCli(words("-P", "-p", "8080:80"), context);
    expect(library.created[0]).toMatchObject({
      ports: [
        { hostPort: 8080, containerPort: 80 },
        { containerPort: 53, protocol: "udp" },
      ],
    });
  });

  it("takes another port than one that a sandbox has", async () => {
    const { library, context } = setUp();
    const taken = { hostPort: 40_100, containerPort: 80 };
    await library.createSandbox({ id: "other", network: {}, ports: [taken] });
    await runCli(words("-p", "40100-40199:80"), context);
    const [, made] = library.created;
    expect(made?.ports?.[0]?.hostPort).toBeGreaterThan(40_100);
    expect(made?.ports?.[0]?.hostPort).toBeLessThan(40_200);
  });

  it("has the bridge where nobody says anything, and nothing with --network none", async () => {
    const { library, context } = setUp();
    await runCli(words(), context);
    await runCli(words("--network", "none"), context);
    expect(library.created[0]?.network).toEqual({ networks: [{ name: "bridge" }] });
    expect(library.created[1]?.network).toBeUndefined();
  });

  it("takes the network of VIRTC_NETWORK", async () => {
    const { library, context } = setUp({ VIRTC_NETWORK: "blue" });
    await runCli(words(), context);
    expect(library.created[0]).toMatchObject({ network: { networks: [{ name: "blue" }] } });
  });

  it("refuses the host's network and says why", async () => {
    const { library, context } = setUp();
    expect(await runCli(words("--network", "host"), context)).toBe(125);
    expect(context.err()).toContain('--network: "host" is not allowed; a VM has a network of its');
    expect(library.created).toEqual([]);
  });
});

describe("virtc run --network container:NAME", () => {
  const joining = ["run", "--network", "container:web", "--name", "job"];

  async function withWeb() {
    const { library, context } = setUp();
    await library.createSandbox({ id: "web", containers: [{ id: "web", image: "busybox" }] });
    library.calls.length = 0;
    return { library, context };
  }

  it("makes the container in that one's VM and stays with it", async () => {
    const { library, context } = await withWeb();
    expect(await runCli([...joining, "busybox", "ls"], context)).toBe(3);
    expect(context.out()).toBe("here\n");
    expect(library.calls).toEqual([
      "create web job",
      "start web job",
      "release web",
      "stop web job",
    ]);
    expect(library.containers[0]).toMatchObject({ id: "job", cmd: { args: ["ls"] } });
  });

  it("removes it alone with --rm", async () => {
    const { library, context } = await withWeb();
    await runCli([...joining, "--rm", "busybox"], context);
    expect(library.calls.slice(-2)).toEqual(["stop web job", "delete web job"]);
    expect(library.sandboxes.get("web")?.containersStatus.map(({ id }) => id)).toEqual(["web"]);
  });

  it("leaves it to itself with -d", async () => {
    const { library, context } = await withWeb();
    expect(await runCli([...joining, "-d", "busybox"], context)).toBe(0);
    expect(context.out()).toBe("job\n");
    expect(library.calls).toEqual(["create web job", "start web job", "release web"]);
  });

  it("removes one that could not be started", async () => {
    const { library, context } = await withWeb();
    library.startContainer = async () => {
      throw new Error("no such command");
    };
    expect(await runCli([...joining, "busybox"], context)).toBe(125);
    expect(context.err()).toContain("no such command");
    expect(library.calls.slice(-2)).toEqual(["delete web job", "release web"]);
  });

  it.each([
    ["--memory 1g", "--memory can't be used with --network container:web"],
    ["-h box", "--hostname can't be used with --network container:web"],
    ["-p 80", "--publish can't be used with --network container:web"],
    ["-d --rm", "--rm can't be used with --detach and --network container:web"],
  ])("refuses %s", async (options, message) => {
    const { library, context } = await withWeb();
    expect(await runCli([...joining, ...options.split(" "), "busybox"], context)).toBe(125);
    expect(context.err()).toContain(message);
    expect(library.calls).toEqual([]);
  });

  it("is not for a VM without a container", async () => {
    const { context } = await withWeb();
    const words = ["sandbox", "create", "--network", "container:web"];
    expect(await runCli(words, context)).toBe(125);
    expect(context.err()).toContain("virtc container create web");
  });
});
