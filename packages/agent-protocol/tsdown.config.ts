import { defineConfig } from "tsdown";

export default defineConfig({
  entry: ["src/index.ts", "src/ports.ts"],
  format: "esm",
  target: "node20",
  dts: true,
  fixedExtension: false,
});
