import { expect, test } from "vitest";
import { runCli } from "../../src/cli.ts";
import { testContext } from "../support/context.ts";
import { fakeImage, fakeLibrary } from "../support/library.ts";

async function setUp() {
  const library = fakeLibrary(async () => 0, [fakeImage("busybox")]);
  await runCli(
    ["run", "--name", "web", "busybox"],
    testContext(() => library),
  );
  library.calls.length = 0;
  const cp = async (words: string[], input = ""): Promise<[number, string, string]> => {
    const context = testContext(() => library, { cwd: "/here" });
    context.stdin.end(input);
    return [await runCli(["cp", ...words], context), context.out(), context.err()];
  };
  return { library, cp };
}

test("copies into a container and out of it, with what was left out told safely", async () => {
  const { library, cp } = await setUp();
  expect(await cp(["-a", "site/.", "web:/srv"])).toEqual([0, "", ""]);
  expect(library.calls).toContain("copyTo web /here/site/. /srv true");
  const [code, out, err] = await cp(["web:var/log", "."]);
  expect([code, out]).toEqual([0, ""]);
  expect(err).toBe("virtc: not copied: dev\ufffd[2J: a device, socket or pipe\n");
  expect(library.calls).toContain("copyFrom web /var/log /here/.");
  expect(JSON.parse((await cp(["--json", "f", "web:/"]))[1])).toMatchObject({ files: 1 });
});

test("a dash is a tar stream", async () => {
  const { library, cp } = await setUp();
  expect(await cp(["web:/etc", "-"])).toEqual([0, "tar", ""]);
  expect(await cp(["-", "web:/srv"], "bytes")).toEqual([0, "", ""]);
  expect(library.calls).toContain("import web /srv bytes");
});

test.each([
  ["a", "b"],
  ["web:/a", "web:/b"],
  ["./a:b", "/c:d"],
])("%s and %s are refused: one of both must be in a container", async (from, to) => {
  const { cp } = await setUp();
  const [code, , err] = await cp([from, to]);
  expect(code).not.toBe(0);
  expect(err).toContain("CONTAINER:PATH");
});
