import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { KataAgentConfig } from "../../packages/virtcontainers/src/agent/config.ts";
import { KataAgent } from "../../packages/virtcontainers/src/agent/kata/agent.ts";
import {
  Cmd,
  ContainerConfig,
  RootFs,
} from "../../packages/virtcontainers/src/container/config.ts";
import { HypervisorConfig } from "../../packages/virtcontainers/src/hypervisor/schema.ts";
import { SandboxConfig } from "../../packages/virtcontainers/src/sandbox/config.ts";
import { Sandbox } from "../../packages/virtcontainers/src/sandbox/sandbox.ts";
import { VirtContainers } from "../../packages/virtcontainers/src/virtcontainers.ts";
import { readPage, section, tableRows } from "./support/pages.ts";

const page = readPage("docs/api-map.md");
const classes = { VirtContainers, Sandbox, KataAgent };
const schemas = { SandboxConfig, HypervisorConfig, KataAgentConfig, ContainerConfig, RootFs, Cmd };

/** What only subclasses may use, and what is no method. */
const inner = new Set(["constructor", "images", "id", "context", "connection", "stored"]);
const helpers = new Set(["operate", "changeContainer", "withSandbox", "change", "use"]);

/** The public methods of a class and of those it extends. */
function methodsOf(owner: { prototype: object }): string[] {
  const found: string[] = [];
  let level: unknown = owner.prototype;
  while (level instanceof Object && level !== Object.prototype) {
    found.push(...Object.getOwnPropertyNames(level));
    level = Object.getPrototypeOf(level);
  }
  return [...new Set(found)].filter((name) => !inner.has(name) && !helpers.has(name));
}

function isLater(schema: v.GenericSchema): boolean {
  const { issues } = v.safeParse(schema, {});
  return issues?.[0].message.startsWith("NOT_SUPPORTED") ?? false;
}

it("says of methods only what is there", () => {
  let found = 0;
  for (const [, here = ""] of tableRows(page)) {
    for (const [, name = "", member = ""] of here.matchAll(/`(\w+)\.(\w+)`/g)) {
      const owner = Object.entries(classes).find(([known]) => known === name)?.[1];
      expect(owner, name).toBeDefined();
      expect(owner && methodsOf(owner), `${name}.${member}`).toContain(member);
      found++;
    }
  }
  expect(found).toBeGreaterThan(50);
});

it("calls later no function that is there", () => {
  const later = tableRows(section(page, "## Functions")).filter(([, , state]) => state === "later");
  expect(later.length).toBeGreaterThan(5);
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
      const entry = entries[field];
      if (entry === undefined) throw new Error(`${name} has no field ${field}`);
      expect(isLater(entry), `${name}.${field} is refused`).toBe(state !== "");
      listed.add(field);
    }
    expect([...listed].sort()).toEqual(Object.keys(entries).sort());
  });
});
