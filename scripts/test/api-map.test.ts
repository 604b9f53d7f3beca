import { readdirSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { KataAgent } from "../../packages/virtcontainers/src/agent/kata/agent.ts";
import { Sandbox } from "../../packages/virtcontainers/src/api/sandbox.ts";
import { VirtContainers } from "../../packages/virtcontainers/src/api/virtcontainers.ts";
import { KataAgentConfigSchema } from "../../packages/virtcontainers/src/config/agent.ts";
import { CmdSchema } from "../../packages/virtcontainers/src/config/cmd.ts";
import { ContainerConfigSchema } from "../../packages/virtcontainers/src/config/container.ts";
import { HypervisorConfigSchema } from "../../packages/virtcontainers/src/config/hypervisor.ts";
import { MountSchema } from "../../packages/virtcontainers/src/config/mount.ts";
import { RootFsSchema } from "../../packages/virtcontainers/src/config/rootfs.ts";
import {
  SandboxConfigSchema,
  VolumeSchema,
} from "../../packages/virtcontainers/src/config/sandbox.ts";
import * as library from "../../packages/virtcontainers/src/index.ts";
import { readPage, section, tableRows, top } from "./support/pages.ts";

const page = readPage("docs/api-map.md");
const classes = { VirtContainers, Sandbox, KataAgent };
const schemas = {
  SandboxConfig: SandboxConfigSchema,
  HypervisorConfig: HypervisorConfigSchema,
  KataAgentConfig: KataAgentConfigSchema,
  ContainerConfig: ContainerConfigSchema,
  RootFs: RootFsSchema,
  Cmd: CmdSchema,
  Volume: VolumeSchema,
  Mount: MountSchema.options[0],
};

/** The names of the Go library's public interface, and of its agents' interface. */
const names = v.parse(
  v.strictObject({
    functions: v.array(v.string()),
    agent: v.array(v.string()),
    Sandbox: v.array(v.string()),
    Container: v.array(v.string()),
    types: v.record(v.string(), v.array(v.string())),
    methods: v.record(v.string(), v.array(v.string())),
    values: v.array(v.string()),
    elsewhere: v.array(v.string()),
  }),
  JSON.parse(readPage("scripts/test/api-names.json")),
);

const sources = readdirSync(join(top, "packages/virtcontainers/src"), { recursive: true })
  .map(String)
  .filter((path) => path.endsWith(".ts"))
  .map((path) => readPage(join("packages/virtcontainers/src", path)))
  .join("\n");

/** The fields of an exported interface or of the schema of a type, as the sources have it. */
function fieldsOf(type: string): string[] {
  const head = `(?:export interface ${type} |(?:export )?const ${type} = v\\.object\\()`;
  const body = new RegExp(`^${head}\\{$(.*?)^\\}`, "ms").exec(sources)?.[1];
  return [...(body ?? "").matchAll(/^ {2}(?:readonly )?(\w+)\??:/gm)].map(
    ([, field = ""]) => field,
  );
}

/** The texts in backticks. */
function ticked(cell: string): string[] {
  return [...cell.matchAll(/`([\w.]+)`/g)].map(([, name = ""]) => name);
}

function missing(wanted: readonly string[], there: ReadonlySet<string>): string[] {
  return wanted.filter((name) => !there.has(name));
}

/** What is no method. */
const inner = new Set(["constructor", "images"]);

/** The public methods of a class and of those it extends. */
function methodsOf(owner: { prototype: object }): string[] {
  const found: string[] = [];
  let level: unknown = owner.prototype;
  while (level instanceof Object && level !== Object.prototype) {
    found.push(...Object.getOwnPropertyNames(level));
    level = Object.getPrototypeOf(level);
  }
  return [...new Set(found)].filter((name) => !inner.has(name));
}

function isLater(schema: v.GenericSchema): boolean {
  const { issues } = v.safeParse(schema, {});
  return issues?.[0].message.startsWith("NOT_SUPPORTED") ?? false;
}

it("says of methods and fields only what is there", () => {
  let found = 0;
  for (const [, here = ""] of tableRows(page)) {
    for (const [, name = "", member = ""] of here.matchAll(/`(\w+)\.(\w+)`/g)) {
      const owner = Object.entries(classes).find(([known]) => known === name)?.[1];
      const members = owner === undefined ? fieldsOf(name) : methodsOf(owner);
      expect(members, `${name}.${member}`).toContain(member);
      found++;
    }
  }
  expect(found).toBeGreaterThan(150);
});

it("names only helpers and constants that are exported", () => {
  const rows = ["### Helpers", "### Constants"].flatMap((heading) =>
    tableRows(section(page, heading)).slice(1),
  );
  const built = rows.filter(([, here = "", state]) => state === "" && /^`\w+`$/.test(here));
  expect(built.length).toBeGreaterThan(12);
  for (const [, here = ""] of built) expect(library).toHaveProperty(here.replaceAll("`", ""));
});

describe("of the names that the Go library has", () => {
  const goNames = (text: string): Set<string> =>
    new Set(tableRows(text).flatMap(([go = ""]) => ticked(go)));
  const elsewhere = new Set(
    tableRows(section(page, "## Elsewhere")).flatMap(([, names = ""]) => ticked(names)),
  );

  it("has each function, constant and type of other work", () => {
    const here = goNames(section(page, "## Functions"));
    for (const name of [...names.functions, ...names.values, ...names.elsewhere])
      expect(here.has(name) || elsewhere.has(name), name).toBe(true);
  });

  it("has each method of a sandbox, a container and an agent", () => {
    expect(missing(names.Sandbox, goNames(section(page, "## Sandbox")))).toEqual([]);
    expect(missing(names.Container, goNames(section(page, "## Container")))).toEqual([]);
    expect(missing(names.agent, goNames(section(page, "## Agent")))).toEqual([]);
  });

  it("has each method of a type", () => {
    const here = goNames(section(page, "### Helpers"));
    for (const [type, methods] of Object.entries(names.methods)) {
      for (const name of methods) {
        expect(here.has(name) || here.has(`${type}.${name}`), `${type}.${name}`).toBe(true);
      }
    }
  });

  it.each(Object.entries(names.types))(
    "has the type %s with each of its fields",
    (type, fields) => {
      if (!page.includes(`\n### ${type}\n`)) {
        expect([...goNames(section(page, "### Other types"))]).toContain(type);
        return;
      }
      expect(missing(fields, goNames(section(page, `### ${type}`)))).toEqual([]);
    },
  );
});

it("calls later no function that is there", () => {
  const later = tableRows(section(page, "## Functions")).filter(([, , state]) => state === "later");
  expect(later.length).toBeGreaterThan(0);
  for (const [go = ""] of later) {
    const name = go.replaceAll("`", "");
    const here = name.charAt(0).toLowerCase() + name.slice(1);
    expect(here in VirtContainers.prototype, here).toBe(false);
  }
});

it("has every public method of VirtContainers and Sandbox", () => {
  for (const owner of [VirtContainers, Sandbox]) {
    for (const name of methodsOf(owner)) expect(page).toContain(`\`${owner.name}.${name}\``);
  }
});

describe.each(Object.entries(schemas))("%s", (name, schema) => {
  const rows = tableRows(section(page, `### ${name}`)).slice(1);
  const entries: Readonly<Record<string, v.GenericSchema>> = schema.entries;

  it("has all fields, each built or refused by name as it is said", () => {
    const listed = new Set<string>();
    for (const [, here = "", state] of rows) {
      const field = here.replaceAll("`", "");
      // A field of what comes back, which is looked up with the methods.
      if (field.includes(".")) continue;
      const entry = entries[field];
      if (entry === undefined) throw new Error(`${name} has no field ${field}`);
      expect(isLater(entry), `${name}.${field} is refused`).toBe(state !== "");
      listed.add(field);
    }
    expect([...listed].sort()).toEqual(Object.keys(entries).sort());
  });
});
