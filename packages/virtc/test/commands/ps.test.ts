import { describe, expect, it, test } from "vitest";
import { fakeImage, fakeLibrary, statusOf } from "../support/library.ts";
import { over } from "../support/virtc.ts";

const day = 86_400_000;

async function someContainers() {
  const library = fakeLibrary(async () => 0, [fakeImage("busybox")]);
  const add = (id: string, daysAgo: number, state: "running" | "stopped" | "ready") => {
    const annotations = { tier: id === "web" ? "front" : "back", "io.virtcontainers.virtc.x": "1" };
    const status = statusOf({
      id,
      annotations,
      containers: [
        { id, image: "docker.io/library/busybox:1", cmd: { args: ["sleep", "x".repeat(40)] } },
      ],
      ports: [{ hostPort: 8080, containerPort: 80 }],
    });
    const createdAt = new Date(Date.now() - daysAgo * day).toISOString();
    const [container] = status.containersStatus;
    Object.assign(container ?? {}, {
      state,
      createdAt,
      startTime: state === "ready" ? "" : createdAt,
    });
    if (state === "stopped") Object.assign(container ?? {}, { exitCode: 3, exitedAt: createdAt });
    library.sandboxes.set(id, { ...status, state, createdAt });
  };
  add("web", 3, "running");
  add("job", 2, "stopped");
  add("fresh", 1, "ready");
  await library.networks.create({ name: "front" });
  const [front] = await library.networks.list();
  if (front) Object.assign(front, { usedBy: ["web"] });
  return over(library);
}

describe("ps", () => {
  it("tells what a health check tells, and filters by it; inspect tells its last results", async () => {
    const library = fakeLibrary(async () => 0, [fakeImage("busybox")]);
    const result = {
      ...{ startedAt: "2026-01-01T00:00:00Z", endedAt: "2026-01-01T00:00:01Z" },
      ...{ exitCode: 7, output: "no" },
    };
    for (const status of ["starting", "healthy", "unhealthy", undefined] as const) {
      const id = status ?? "plain";
      const made = statusOf({ id, containers: [{ id, image: "busybox" }] });
      const health = status && { status, failingStreak: 2, results: [result] };
      Object.assign(made.containersStatus[0] ?? {}, { health });
      library.sandboxes.set(id, made);
    }
    const virtc = over(library);
    const { out } = await virtc("ps", "--format", "{{.Names}} {{.Status}}");
    const lines = out.trim().split("\n").sort();
    expect(lines.map((line) => line.replace(/ Up .*? (?=\()| Up [^(]*$/, " "))).toEqual([
      "healthy (healthy)",
      "plain ",
      "starting (health: starting)",
      "unhealthy (unhealthy)",
    ]);
    const only = async (value: string) =>
      (await virtc("ps", "-q", "--filter", `health=${value}`)).out;
    expect([await only("unhealthy"), await only("none")]).toEqual(["unhealthy\n", "plain\n"]);
    expect((await virtc("ps", "--filter", "health=well")).code).toBe(125);
    const state = "{{.State.Health.Status}} {{.State.Health.FailingStreak}}";
    const shown = await virtc("inspect", "-f", state, "unhealthy");
    expect(shown.out).toBe("unhealthy 2\n");
    const log = await virtc("inspect", "-f", "{{json .State.Health.Log}}", "unhealthy");
    expect(JSON.parse(log.out)).toEqual([
      { Start: result.startedAt, End: result.endedAt, ExitCode: 7, Output: "no" },
    ]);
  });

  it("prints docker's fields by a template", async () => {
    const virtc = await someContainers();
    const format =
      "{{.ID}} {{.Names}} {{.Image}} {{.State}} {{.Status}} {{.Ports}} {{.Networks}} {{.Labels}}";
    const { out, err } = await virtc("ps", "-a", "--format", format);
    expect(err).toBe("");
    expect(out.split("\n")).toEqual([
      "fresh fresh docker.io/library/busybox:1 created Created 0.0.0.0:8080->80/tcp  tier=back",
      "job job docker.io/library/busybox:1 exited Exited (3) 2 days ago 0.0.0.0:8080->80/tcp  tier=back",
      "web web docker.io/library/busybox:1 running Up 3 days 0.0.0.0:8080->80/tcp front tier=front",
      "",
    ]);
    const [first] = (await virtc("ps", "--format", "json")).out.trim().split("\n");
    expect(JSON.parse(first ?? "")).toMatchObject({
      ID: "web",
      RunningFor: "3 days ago",
      ExitCode: 0,
    });
  });

  it("leaves nothing out with --no-trunc", async () => {
    const virtc = await someContainers();
    expect((await virtc("ps")).out).not.toContain("x".repeat(40));
    expect((await virtc("ps", "--no-trunc")).out).toContain(`sleep ${"x".repeat(40)}`);
    const format = ["--format", "{{.Command}}"];
    expect((await virtc("ps", ...format)).out).toBe(`"sleep ${"x".repeat(23)}…"\n`);
    expect((await virtc("ps", "--no-trunc", ...format)).out).toBe(`"sleep ${"x".repeat(40)}"\n`);
  });

  test.each([
    [[], "web"],
    [["-a"], "fresh job web"],
    [["-n", "2"], "fresh job"],
    [["-l"], "fresh"],
    [["--filter", "status=exited"], "job"],
    [["--filter", "status=created", "--filter", "status=running"], "fresh web"],
    [["-a", "--filter", "name=eb"], "web"],
    [["-a", "--filter", "id=jo"], "job"],
    [["-a", "--filter", "label=tier=back"], "fresh job"],
    [["-a", "--filter", "label=io.virtcontainers.virtc.x"], ""],
    [["-a", "--filter", "ancestor=busybox:1", "-n", "1"], "fresh"],
    [["--filter", "ancestor=busybox"], "web"],
    [["--filter", "ancestor=alpine"], ""],
    [["-a", "--filter", "exited=3"], "job"],
    [["-a", "--filter", "network=front"], "web"],
    [["-a", "--filter", "volume=none"], ""],
    [["--filter", "publish=8080"], "web"],
    [["--filter", "expose=80/udp"], ""],
    [["-a", "--filter", "before=job"], "web"],
    [["-a", "--filter", "since=job"], "fresh"],
  ])("%j lists %s", async (words, names) => {
    const virtc = await someContainers();
    const { out, err } = await virtc("ps", "-q", ...words);
    expect({ err, names: out.trim().split("\n").join(" ") }).toEqual({ err: "", names });
  });

  test.each([
    [["--filter", "nope=1"], '--filter: there is no key "nope"', "There are id=ID, name=NAME,"],
    [["--filter", "status=odd"], '"odd" is not allowed; it must be created or running', "\n"],
    [["--filter", "exited=x"], "it must be an exit code", "\n"],
    [["--filter", "before=none"], "it must be the name of a container that is there", "\n"],
    [["--format", "{{.Nope}}"], "there is no field .Nope", "There are ID, Names,"],
    [["--last", "0"], "--last", "\n"],
  ])("%j is refused", async (words, message, hint) => {
    const virtc = await someContainers();
    const { code, err } = await virtc("ps", ...words);
    expect(code).toBe(125);
    expect(err).toContain(message);
    expect(err).toContain(hint);
  });
});

it("lists images, volumes and networks by templates and filters", async () => {
  const library = fakeLibrary(async () => 0, [fakeImage("docker.io/library/busybox:1")]);
  await library.volumes.create({ name: "data", labels: { a: "b" } });
  await library.networks.create({ name: "front", internal: true });
  const virtc = over(library);
  const out = async (...words: string[]) => (await virtc(...words)).out;
  expect(await out("image", "ls", "--format", "{{.Repository}}:{{.Tag}} {{.ID}} {{.Size}}")).toBe(
    "docker.io/library/busybox:1 abababababab 4.5MB\n",
  );
  expect(await out("image", "ls", "-q", "--filter", "reference=busybox:*")).toMatch(/^sha256:/);
  expect(await out("image", "ls", "-q", "--filter", "reference=alpine")).toBe("");
  expect(await out("image", "ls", "-q", "--filter", "dangling=true")).toBe("");
  expect(await out("image", "ls", "--no-trunc")).toContain(`sha256:${"ab".repeat(32)}`);
  expect(await out("volume", "ls", "--format", 'table {{.Name}}\\t{{.Label "a"}}')).toBe(
    "VOLUME NAME   A\ndata          b\n",
  );
  expect(await out("volume", "ls", "-q", "--filter", "label=a=c")).toBe("");
  expect(await out("volume", "ls", "-q", "-f", "dangling=1", "-f", "driver=folder")).toBe("data\n");
  expect(await out("network", "ls", "--format", "{{.Name}} {{.Internal}} {{.IPv6}}")).toBe(
    "front true false\n",
  );
  expect(await out("network", "ls", "-q", "--filter", "type=custom")).toBe("front\n");
  expect((await virtc("volume", "ls", "--filter", "x=y")).err).toContain("There are name=NAME,");
});
