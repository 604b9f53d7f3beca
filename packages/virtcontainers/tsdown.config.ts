import { defineConfig } from "tsdown";

export default defineConfig({
  entry: {
    index: "src/index.ts",
    config: "src/faces/config.ts",
    host: "src/faces/host.ts",
    testing: "src/testing/index.ts",
    "egress-helper": "src/network/egress/helper/main.ts",
    "port-forwarder": "src/network/publish/helper/main.ts",
    "network-monitor": "src/programs/network-monitor/main.ts",
  },
  format: "esm",
  target: "node20",
  dts: true,
  fixedExtension: false,
});
