import { createHost } from "../../../src/host/real.ts";

const host = createHost();
host.failpoint("first");
process.stdout.write("passed first\n");
host.failpoint("second");
process.stdout.write("passed second\n");
