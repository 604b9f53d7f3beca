import { type ErrorCode, type ErrorDetails, VirtError } from "virtcontainers";
import { expect, test } from "vitest";
import { runCli } from "../../src/cli.ts";
import { noLibrary, testContext } from "../support/context.ts";
import { fakeLibrary } from "../support/library.ts";

/** What a command prints when the library refuses it. */
async function said(code: ErrorCode, details: ErrorDetails): Promise<string> {
  const library = fakeLibrary(async () => 0, []);
  const hint = "The library's own words.";
  library.fetchSandbox = () => Promise.reject(new VirtError(code, "no", { hint, ...details }));
  const context = testContext(() => library);
  expect(await runCli(["exec", "web", "true"], context)).toBe(125);
  return context.err();
}

const web = { sandboxId: "web" };
const job = { sandboxId: "web", containerId: "job" };

test.each<[ErrorCode, ErrorDetails, string[]]>([
  ["INVALID_STATE", { ...web, sandboxState: "creating" }, ["virtc gc"]],
  ["INVALID_STATE", { ...web, sandboxState: "ready" }, ["virtc sandbox start web"]],
  ["INVALID_STATE", { ...web, sandboxState: "running" }, ["virtc stop web"]],
  ["INVALID_STATE", { ...job, sandboxState: "paused" }, ["virtc resume web"]],
  [
    "INVALID_STATE",
    { ...web, sandboxState: "stopped" },
    ["virtc sandbox start web", "virtc rm web"],
  ],
  ["INVALID_STATE", { ...job, containerState: "ready" }, ["virtc container start web job"]],
  ["INVALID_STATE", { ...job, containerState: "running" }, ["virtc container stop web job"]],
  ["INVALID_STATE", { ...job, containerState: "paused" }, ["virtc container resume web job"]],
  ["INVALID_STATE", { ...job, containerState: "stopped" }, ["virtc container start web job"]],
  ["SANDBOX_NOT_FOUND", web, ["virtc ps -a"]],
  ["CONTAINER_NOT_FOUND", job, ["virtc sandbox status web"]],
  ["SANDBOX_DEAD", web, ["virtc sandbox start web", "virtc rm -f web"]],
  ["SHARE_DEAD", web, ["virtc rm -f web"]],
])("%s %j names the command to run, which there is", async (code, details, commands) => {
  const text = await said(code, details);
  const named = [...text.matchAll(/`(virtc [^`]*)`/g)].map(([, command]) => command);
  expect(named).toEqual(commands);
  expect(text).not.toContain("The library's own words.");
  for (const command of commands) {
    const words = command.split(" ").slice(1, -1);
    const context = testContext(noLibrary);
    expect(await runCli([...words.filter((word) => word !== "-a"), "--help"], context)).toBe(0);
  }
});

test.each<[ErrorCode, ErrorDetails]>([
  ["INVALID_STATE", web],
  ["INVALID_STATE", { sandboxState: "paused" }],
  ["NO_SPACE", web],
])("%s %j keeps the library's own hint", async (code, details) => {
  expect(await said(code, details)).toBe("virtc: no\nThe library's own words.\n");
});
