import { VirtError } from "virtcontainers";
import { describe, expect, it } from "vitest";
import { fakeLibrary, statusOf } from "../support/library.ts";
import { over } from "../support/virtc.ts";

function withContainers(...ids: string[]) {
  const library = fakeLibrary(async () => 0);
  const containers = ids.map((id) => ({ id, image: "busybox" }));
  library.sandboxes.set("web", statusOf({ id: "web", containers }));
  return { library, virtc: over(library) };
}

describe("update", () => {
  it("gives the VM its size, and takes an earlier limit from its only container", async () => {
    const { library, virtc } = withContainers("web");
    const done = await virtc("update", "--cpus", "2", "-m", "1g", "web");
    expect(done).toEqual({ code: 0, out: "web\n", err: "" });
    expect(library.calls).toEqual([
      'update web web {"cpu":{"quota":-1}}',
      'resize web {"cpus":2,"memoryMiB":1024}',
    ]);
  });

  it("limits the container to a fraction of its CPUs", async () => {
    const { library, virtc } = withContainers("web");
    await virtc("update", "--cpus", "1.5", "--pids-limit", "20", "web");
    expect(library.calls.map((call) => call.replace(/\{.*/, ""))).toEqual([
      "update web web ",
      "resize web ",
    ]);
    expect(library.calls[0]).toContain('"quota":150000,"period":100000');
    expect(library.calls[0]).toContain('"pids":{"limit":20}');
    expect(library.calls[1]).toContain('"cpus":2');
  });

  it("checks memory with swap, of which a VM has none, and leaves what is not named", async () => {
    const { library, virtc } = withContainers("web");
    expect((await virtc("update", "--memory-swap", "1g", "web")).code).toBe(0);
    const less = await virtc("update", "-m", "1g", "--memory-swap", "512m", "web");
    expect([less.code, less.err]).toEqual([125, expect.stringContaining("--memory-swap")]);
    expect(library.calls).toEqual([]);
    await virtc("update", "--memory-swap", "-1", "--memory-reservation", "64m", "web");
    expect(library.calls).toEqual(['update web web {"memory":{"reservation":67108864}}']);
  });

  it("of several containers limits the one that is named, and resizes their VM", async () => {
    const { library, virtc } = withContainers("a1", "b2");
    expect((await virtc("update", "--memory", "512m", "web")).code).toBe(0);
    expect((await virtc("update", "--pids-limit", "9", "web")).err).toContain("--container");
    await virtc("update", "--container", "b2", "--memory", "64m", "web");
    await virtc("container", "update", "--cpuset-cpus", "0", "web", "a1", "b2");
    expect(library.calls).toEqual([
      'resize web {"memoryMiB":512}',
      'update web b2 {"memory":{"limit":67108864}}',
      'update web a1 {"cpu":{"cpus":"0"}}',
      'update web b2 {"cpu":{"cpus":"0"}}',
    ]);
  });

  it("speaks of options where the VM can't be so large, and tells what was changed before", async () => {
    const { library, virtc } = withContainers("web");
    library.resizeSandbox = async () => {
      throw new VirtError("NOT_SUPPORTED", "cpus: 9 is more than the 2", { field: "cpus" });
    };
    const { code, err } = await virtc("update", "--cpus", "9", "web");
    const changed = "the limits of container web have been changed";
    expect([code, err]).toEqual([125, `virtc: --cpus: 9 is more than the 2; ${changed}\n`]);
    library.sandboxes.set("two", statusOf({ id: "two", containers: [] }));
    const alone = await virtc("update", "--memory", "9g", "two");
    expect(alone.err).toBe("virtc: --cpus: 9 is more than the 2\n");
  });

  it.each([
    [["web"], "there is nothing to change"],
    [["--cpus", "none", "web"], '--cpus: "none" is not allowed'],
    [["--memory", "1k", "web"], '--memory: "1k" is not allowed'],
    [["--memory-swap", "-2", "web"], '--memory-swap: "-2" is not allowed'],
    [["--cpus", "2", "--cpu-period", "5000", "web"], "--cpus can't be used with"],
  ])("refuses %j", async (argv, message) => {
    const { library, virtc } = withContainers("web");
    const { code, err } = await virtc("update", ...argv);
    expect([code, library.calls]).toEqual([125, []]);
    expect(err).toContain(message);
  });
});
