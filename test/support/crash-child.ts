// Run as a process of its own: takes a sandbox through its life up to a failpoint, and dies there as by `kill -9`.
import { VirtContainers } from "virtcontainers";
import { createHost } from "virtcontainers/host";
import { createFaultyHost } from "virtcontainers/testing";
import { networkScenario } from "./crash-network.ts";
import { crashScenario } from "./crash-scenario.ts";

const [stateDir, dataDir, surroundings = "{}", at = "", nth] = process.argv.slice(2);
const host = createFaultyHost(createHost(), [{ at, nth: Number(nth), with: "die" }]);
const vc = new VirtContainers({ stateDir, dataDir, host });
if (surroundings === "network") await networkScenario(vc);
else await crashScenario(vc, JSON.parse(surroundings));
