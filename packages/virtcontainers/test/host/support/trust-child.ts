// Run as a process of its own, in a user namespace: tells what it thinks of a path.
import { assertTrusted } from "../../../src/host/trusted.ts";

try {
  console.log(assertTrusted(process.argv[2] ?? "") ? "trusted" : "missing");
} catch (error) {
  console.log(error instanceof Error ? error.message : String(error));
}
