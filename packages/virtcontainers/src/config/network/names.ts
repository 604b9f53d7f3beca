import * as v from "valibot";

const networkRule =
  "a network's name has 1 to 64 characters of [a-zA-Z0-9_.-] and begins with a letter or digit";

/** What a network is called. */
export const networkName = v.pipe(
  v.string(networkRule),
  v.maxLength(64, networkRule),
  v.regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, networkRule),
);

const interfaceRule =
  "an interface's name has 1 to 15 characters of [a-zA-Z0-9_.-] and begins with a letter";

/** What a link of the guest is called (dev_valid_name of the kernel, without what scripts stumble over). */
export const interfaceName = v.pipe(
  v.string(interfaceRule),
  v.maxLength(15, interfaceRule),
  v.regex(/^[a-zA-Z][a-zA-Z0-9_.-]*$/, interfaceRule),
);

const hostRule = "it must be a host name of letters, digits, dots and dashes";

/** A name that other hosts know one by: at most 253 characters, each label at most 63 (RFC 1123). */
export const hostName = v.pipe(
  v.string(hostRule),
  v.maxLength(253, hostRule),
  v.regex(
    /^[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?(\.[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?)*$/,
    hostRule,
  ),
);
