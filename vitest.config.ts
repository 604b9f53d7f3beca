import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const alias = {
  "@virtcontainers/ttrpc": source("./packages/ttrpc/src/index.ts"),
  "@virtcontainers/agent-protocol/ports": source("./packages/agent-protocol/src/ports.ts"),
  "@virtcontainers/agent-protocol": source("./packages/agent-protocol/src/index.ts"),
  "virtcontainers/testing": source("./packages/virtcontainers/src/testing/index.ts"),
  "virtcontainers/config": source("./packages/virtcontainers/src/faces/config.ts"),
  "virtcontainers/host": source("./packages/virtcontainers/src/faces/host.ts"),
  virtcontainers: source("./packages/virtcontainers/src/index.ts"),
};

export default defineConfig({
  test: {
    // One a processor, where the default leaves one for a user at the keyboard; files of both kinds bear company.
    maxWorkers: Math.max(2, availableParallelism()),
    projects: [
      {
        resolve: { alias },
        test: {
          name: "unit",
          setupFiles: ["scripts/test/support/listeners.ts"],
          globalSetup: ["test/support/net/plugin-folders.ts"],
          // A busy machine is no failure.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          include: [
            "packages/*/test/**/*.test.ts",
            "guest/image/test/**/*.test.ts",
            "bench/test/**/*.test.ts",
            "scripts/test/**/*.test.ts",
          ],
        },
      },
      {
        resolve: { alias },
        test: {
          name: "e2e",
          include: ["test/**/*.test.ts"],
          globalSetup: ["test/support/net/plugin-folders.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // Real VMs on a machine that others use too; what passed only the second time is shown as such.
          retry: process.env.CI ? 1 : 0,
        },
      },
    ],
  },
});
