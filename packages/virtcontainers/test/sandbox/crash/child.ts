// Runs the scenario up to one point, and dies there as by `kill -9`.
import { createFaultyHost } from "../../../src/host/faulty.ts";
import { createHost } from "../../../src/host/real.ts";
import { ownNamespace, scenario } from "./scenario.ts";

const [folder = "", at = "", nth = "", rootFs = "", own = ""] = process.argv.slice(2);
const host = createFaultyHost(createHost(), [{ at, nth: Number(nth), with: "die" }]);
if (own === "own") await ownNamespace(host, folder);
else await scenario(host, folder, rootFs === "rootFs");
