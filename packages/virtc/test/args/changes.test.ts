import type { ImageConfig } from "virtcontainers";
import { describe, expect, it } from "vitest";
import { applyChanges } from "../../src/args/changes.ts";

const base: ImageConfig = {
  env: ["PATH=/bin", "A=1"],
  entrypoint: [],
  cmd: ["sh"],
  workingDir: "/",
  user: "",
  exposedPorts: ["80/tcp"],
  volumes: [],
  labels: { old: "1" },
  stopSignal: undefined,
};

describe("instructions of a Dockerfile", () => {
  it.each<[string, Partial<ImageConfig>]>([
    ['CMD ["httpd", "-f"]', { cmd: ["httpd", "-f"] }],
    ["cmd echo $A", { cmd: ["/bin/sh", "-c", "echo $A"] }],
    ['ENTRYPOINT ["/init"]', { entrypoint: ["/init"] }],
    ["ENV A=2 B=x", { env: ["PATH=/bin", "A=2", "B=x"] }],
    ['ENV A="a b" C=\'d "e"\' F=g\\ h', { env: ["PATH=/bin", "A=a b", 'C=d "e"', "F=g h"] }],
    ["ENV A the whole rest", { env: ["PATH=/bin", "A=the whole rest"] }],
    ["EXPOSE 443 53/udp 80", { exposedPorts: ["80/tcp", "443/tcp", "53/udp"] }],
    ['LABEL a=b "c"=d'.replace('"c"', "c"), { labels: { old: "1", a: "b", c: "d" } }],
    ["STOPSIGNAL SIGINT", { stopSignal: "SIGINT" }],
    ["USER 7:8", { user: "7:8" }],
    ['VOLUME ["/a b", "/c"]', { volumes: ["/a b", "/c"] }],
    ["VOLUME /a /c", { volumes: ["/a", "/c"] }],
    ["WORKDIR /srv", { workingDir: "/srv" }],
    ["HEALTHCHECK NONE", { healthcheck: { test: ["NONE"] } }],
    [
      "HEALTHCHECK --interval=5s --timeout=1m --start-period=2s --retries=3 CMD curl -f x",
      {
        healthcheck: {
          test: ["CMD-SHELL", "curl -f x"],
          intervalMs: 5000,
          timeoutMs: 60_000,
          startPeriodMs: 2000,
          retries: 3,
        },
      },
    ],
    ['HEALTHCHECK CMD ["/check"]', { healthcheck: { test: ["CMD", "/check"] } }],
  ])("%s", (text, changed) => {
    expect(applyChanges(base, [text])).toEqual({ ...base, ...changed });
  });

  it("are applied in their order", () => {
    expect(applyChanges(base, ["ENV A=2", "ENV A=3"]).env).toEqual(["PATH=/bin", "A=3"]);
  });

  it.each([
    "RUN ls",
    "FROM x",
    "CMD",
    "",
    "ENV A",
    "WORKDIR srv",
    "HEALTHCHECK --x=1 CMD a",
    "HEALTHCHECK a",
  ])("%s is refused", (text) => {
    expect(() => applyChanges(base, [text])).toThrow("--change");
  });
});
