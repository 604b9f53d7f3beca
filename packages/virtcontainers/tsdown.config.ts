import { defineConfig } from "tsdown";

export default defineConfig({
  entry: { index: "src/index.ts", testing: "src/testing/index.ts", internal: "src/internal.ts" },
  format: "esm",
  target: "node20",
  dts: true,
  fixedExtension: false,
});
