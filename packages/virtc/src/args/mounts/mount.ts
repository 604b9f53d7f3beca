import { isAbsolute, resolve } from "node:path";
import type { Mount } from "virtcontainers";
import { badValue } from "../../errors/usage.ts";
import { parseMiB } from "../size.ts";
import { anonymousName } from "./anonymous.ts";
import { csvFields } from "./csv.ts";
import { tmpfsOptions } from "./options.ts";
import { sizes } from "./tmpfs.ts";

/** Each key with its other names. */
const keys: Readonly<Record<string, string>> = {
  type: "type",
  source: "source",
  src: "source",
  destination: "destination",
  dst: "destination",
  target: "destination",
  readonly: "readonly",
  ro: "readonly",
  watchable: "watchable",
  "volume-nocopy": "volume-nocopy",
  size: "size",
  "tmpfs-size": "size",
  "tmpfs-mode": "mode",
};

/** What each type takes beside destination and readonly; what it must have comes first. */
const ofType: Readonly<Record<string, { required: string[]; optional: string[] }>> = {
  bind: { required: ["source"], optional: ["watchable"] },
  volume: { required: [], optional: ["source", "volume-nocopy"] },
  local: { required: ["source"], optional: [] },
  ephemeral: { required: ["source"], optional: ["size"] },
  tmpfs: { required: [], optional: ["size", "mode"] },
};

type Fields = ReadonlyMap<string, string>;

/** `type=TYPE,source=...,destination=PATH,readonly,size=...`, as a line of CSV: `"source=/a,b"` has a comma in it. */
export function parseMount(text: string, cwd: string): Mount {
  const wrong = (allowed: string): Error => badValue("--mount", text, allowed);
  const parts = csvFields(text);
  if (parts === undefined) throw wrong("quotes go around a whole key=value, and are doubled in it");
  const fields = new Map<string, string>();
  for (const part of parts) {
    const at = part.indexOf("=");
    const name = at < 0 ? part : part.slice(0, at);
    const key = Object.hasOwn(keys, name) ? keys[name] : undefined;
    if (key === undefined) {
      throw wrong(`${JSON.stringify(name)} is no key; there are ${Object.keys(keys).join(", ")}`);
    }
    if (fields.has(key)) throw wrong(`${key} is given twice`);
    fields.set(key, at < 0 ? "true" : part.slice(at + 1));
  }
  return mountOf(fields, text, cwd);
}

function mountOf(fields: Fields, text: string, cwd: string): Mount {
  const wrong = (allowed: string): Error => badValue("--mount", text, allowed);
  const type = fields.get("type") ?? "volume";
  const takes = Object.hasOwn(ofType, type) ? ofType[type] : undefined;
  if (takes === undefined) throw wrong(`type must be ${Object.keys(ofType).join(", ")}`);
  const { required, optional } = takes;
  const all = ["type", "destination", "readonly", ...required, ...optional];
  const foreign = [...fields.keys()].find((key) => !all.includes(key));
  if (foreign !== undefined) throw wrong(`${foreign} is not for type=${type}`);
  const missing = required.find((key) => !fields.get(key));
  if (missing !== undefined) throw wrong(`type=${type} needs ${missing}`);
  const destination = fields.get("destination") ?? "";
  if (!isAbsolute(destination)) throw wrong("destination must be an absolute path");
  const isOn = (key: string): boolean => {
    const value = fields.get(key) ?? "false";
    if (/^(true|1)$/.test(value)) return true;
    if (/^(false|0)$/.test(value)) return false;
    throw wrong(`${key} must be true or false`);
  };
  const source = fields.get("source") ?? "";
  const size = fields.get("size");
  const sized = size !== undefined && { sizeMiB: parseMiB("--mount", size, ...sizes) };
  const common = { destination, ...(isOn("readonly") && { readOnly: true }) };
  switch (type) {
    case "bind": {
      const watchable = isOn("watchable") && { watchable: true };
      return { type, source: resolve(cwd, source), ...common, ...watchable };
    }
    case "volume":
      return {
        ...{ type, source: source || anonymousName(), ...common },
        ...(isOn("volume-nocopy") && { noCopy: true }),
      };
    case "local":
      return { type, source, ...common };
    case "ephemeral":
      return { type, source, ...common, ...sized };
    default: {
      const mode = fields.get("mode");
      if (mode !== undefined && !/^[0-7]{3,4}$/.test(mode))
        throw wrong("tmpfs-mode must be an octal number such as 1770");
      const options = tmpfsOptions("--mount", text, mode === undefined ? [] : [`mode=${mode}`]);
      return { type: "tmpfs", ...common, ...sized, options };
    }
  }
}
