import { spawn } from "node:child_process";

// Starts a process in a session of its own and tells its pid.
const child = spawn("/bin/sleep", ["600"], { detached: true, stdio: "ignore" });
process.stdout.write(`${child.pid}\n`);
