/** A web server in a sandbox, at a port of this machine. It needs a network: `virtc check` tells if there can be one. */
import { Sandbox } from "virtcontainers";

const hostPort = Number(process.env.PORT ?? 8080);

await using sandbox = await Sandbox.create({
  ports: [{ hostPort, containerPort: 80, hostIP: "127.0.0.1" }],
});

await sandbox.files.write("/srv/index.html", "<h1>hello from a VM</h1>\n");
// `httpd` listens before it goes to the background, so it can be asked as soon as this has ended.
await sandbox.exec(["httpd", "-p", "80", "-h", "/srv"], { check: true });

const url = `http://127.0.0.1:${hostPort}/`;
const answer = await fetch(url);
console.log(url, answer.status, (await answer.text()).trim());

// Another page of the same server, while it runs.
await sandbox.files.write("/srv/time.txt", new Date().toISOString());
const time = await fetch(`${url}time.txt`);
console.log("time.txt", time.headers.get("content-type"), await time.text());

const missing = await fetch(`${url}missing`);
console.log("missing", missing.status);

const { networks } = await sandbox.status();
console.log(`in the network ${networks.map(({ name }) => name).join(", ")}`);
