/** Runs types, all unit tests, the smoke tests and the examples on each supported line of Node.js; `npm test` runs a part of it. */
import { nodeLines, suitesOn } from "./support/nodes.ts";
import { runHere } from "./support/run-here.ts";

await runHere(nodeLines.flatMap((line) => suitesOn(line, { whole: true })));
