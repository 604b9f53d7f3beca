import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "tsdown";

/** What others wrote and is bundled, which their licences want to be told. */
const bundled = [
  "commander",
  "valibot",
  "@bufbuild/protobuf",
  "fzstd",
  "dns-packet",
  "@leichtgewicht/ip-codec",
];

/** Start-up time counts: few files to find and read, and nothing in them that a run does not need. */
export default defineConfig({
  entry: {
    main: "src/main.ts",
    "port-forwarder": "../virtcontainers/src/network/publish/helper/main.ts",
    "egress-helper": "../virtcontainers/src/network/egress/helper/main.ts",
    "network-monitor": "../virtcontainers/src/programs/network-monitor/main.ts",
  },
  format: "esm",
  target: "node20",
  dts: false,
  fixedExtension: false,
  deps: { alwaysBundle: [/^(?!node:|koffi|pino)/], onlyBundle: bundled },
  // Its own reading is what Node.js spends most of a start on. Messages have no names of functions in them.
  minify: { compress: false, mangle: true, codegen: true },
  outputOptions: {
    codeSplitting: {
      groups: [
        { name: "cli", test: /packages\/virtc\/src\/cli\.ts$/ },
        { name: "library", test: /packages\/virtcontainers\/src\/index\.ts$/ },
      ],
    },
  },
  hooks: {
    "build:done": ({ options: { outDir } }) => {
      writeFileSync(join(outDir, "THIRD-PARTY-LICENSES.txt"), bundled.map(notice).join("\n"));
      for (const name of readdirSync(outDir).filter((name) => name.endsWith(".js"))) {
        const path = join(outDir, name);
        writeFileSync(path, inAscii(readFileSync(path, "utf8")));
      }
    },
  },
});

/** One wide character in a file makes V8 take two bytes for each of all, and longer to read them. */
function inAscii(code: string): string {
  return code.replace(/[\u0080-\uffff]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

function notice(name: string): string {
  const homes = ["node_modules", "../../node_modules"].map((folder) => join(folder, name));
  const files = homes.flatMap((home) => [join(home, "LICENSE"), join(home, "LICENSE.md")]);
  const found = files.find((file) => existsSync(file));
  const manifest = homes.map((home) => join(home, "package.json")).find((file) => existsSync(file));
  if (manifest === undefined) throw new Error(`${name} is not installed`);
  const { version, license } = JSON.parse(readFileSync(manifest, "utf8"));
  const text = found === undefined ? "" : `\n${readFileSync(found, "utf8")}`;
  return `${name} ${version} (${license})\n${text}`;
}
