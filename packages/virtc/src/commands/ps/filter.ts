import type { FilterKey, FilterKeys } from "../../listing/filter.ts";
import { beginningKey, labelKey, partKey, wordKey } from "../../listing/keys.ts";
import { containerSide } from "../../network/ports.ts";
import type { FullRow } from "./rows.ts";
import { nameOf, stateOf, stateWords } from "./view.ts";

const healthWords = ["starting", "healthy", "unhealthy", "none"];

/** The keys of `ps --filter`, as docker has them. */
export const psFilters: FilterKeys<FullRow> = {
  id: beginningKey("ID", ({ sandbox }) => [sandbox]),
  name: partKey("NAME", (row) => [nameOf(row)]),
  status: wordKey(stateWords, (row) => [stateOf(row)]),
  health: wordKey(healthWords, ({ health }) => [health ?? "none"]),
  label: labelKey(({ labels }) => labels),
  ancestor: {
    value: "IMAGE",
    fits: (image) => (row) => namesImage(image, row),
  },
  exited: {
    value: "an exit code",
    fits: (code) =>
      /^\d{1,3}$/.test(code)
        ? ({ state, exitCode }) => state === "stopped" && exitCode === Number(code)
        : undefined,
  },
  network: { value: "NETWORK", fits: (name) => (row) => row.networks.includes(name) },
  volume: {
    value: "VOLUME or a path in the container",
    fits: (text) => (row) =>
      row.mounts.some(({ source, destination }) => source === text || destination === text),
  },
  publish: portKey(({ hostPort, protocol = "tcp" }) => `${hostPort}/${protocol}`),
  expose: portKey(containerSide),
  before: besideKey((row, other) => row.createdAt < other.createdAt),
  since: besideKey((row, other) => row.createdAt > other.createdAt),
};

/** `busybox`, `busybox:latest`, `docker.io/library/busybox:latest`, or a digest's beginning. */
function namesImage(text: string, { image, imageDigest }: FullRow): boolean {
  if (image === null) return false;
  const digest = imageDigest?.replace(/^sha256:/, "") ?? "";
  const hex = text.replace(/^sha256:/, "");
  if (/^[0-9a-f]{4,64}$/.test(hex) && digest.startsWith(hex)) return true;
  const names = [image, image.replace(/^(docker\.io\/(library\/)?|localhost\/)/, "")];
  return names.some((name) => name === text || tagless(name) === text || name === `${text}:latest`);
}

function tagless(name: string): string {
  return name.replace(/(@|:)[^/]*$/, "");
}

function portKey(text: (port: FullRow["ports"][number]) => string): FilterKey<FullRow> {
  return {
    value: "PORT or PORT/PROTOCOL",
    fits(value) {
      if (!/^\d{1,5}(\/(tcp|udp|sctp))?$/.test(value)) return undefined;
      const wanted = value.includes("/") ? value : `${value}/tcp`;
      return ({ ports }) => ports.some((port) => text(port) === wanted);
    },
  };
}

function besideKey(fits: (row: FullRow, other: FullRow) => boolean): FilterKey<FullRow> {
  return {
    value: "the name of a container that is there",
    fits(name, all) {
      const other = all.find((row) => row.sandbox === name || nameOf(row) === name);
      return other && ((row) => fits(row, other));
    },
  };
}
