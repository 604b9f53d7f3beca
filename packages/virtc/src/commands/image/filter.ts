import type { Image } from "virtcontainers";
import type { FilterKey, FilterKeys } from "../../listing/filter.ts";
import { labelKey, truthKey } from "../../listing/keys.ts";

/** The keys of `image ls --filter`, as docker has them. */
export const imageFilters: FilterKeys<Image> = {
  dangling: truthKey(({ names }) => names.length === 0),
  label: labelKey(({ config }) => config.labels),
  reference: {
    value: "NAME, NAME:TAG or a pattern such as busybox:*",
    fits(pattern) {
      const expression = wildcards(pattern);
      return ({ names }) => names.flatMap(formsOf).some((name) => expression.test(name));
    },
  },
  before: besideKey((image, other) => image.createdAt < other.createdAt),
  since: besideKey((image, other) => image.createdAt > other.createdAt),
};

/** A name as people write it: whole, without its registry, without its tag. */
function formsOf(name: string): string[] {
  const short = name.replace(/^(docker\.io\/(library\/)?|localhost\/)/, "");
  return [name, short].flatMap((form) => [form, form.replace(/:[^:/]*$/, "")]);
}

/** A pattern where `*` and `?` stand for what has no slash. */
function wildcards(pattern: string): RegExp {
  const text = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*+/g, "[^/]*")
    .replaceAll("?", "[^/]");
  return new RegExp(`^${text}$`);
}

function besideKey(fits: (image: Image, other: Image) => boolean): FilterKey<Image> {
  return {
    value: "the name or digest of an image that is there",
    fits(name, all) {
      const hex = name.replace(/^sha256:/, "");
      const other = all.find(
        ({ names, digest }) =>
          names.flatMap(formsOf).includes(name) ||
          (hex.length >= 4 && digest.replace(/^sha256:/, "").startsWith(hex)),
      );
      return other && ((image) => fits(image, other));
    },
  };
}
