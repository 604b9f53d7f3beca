export const domainRule =
  "it must be a name of two labels or more, such as example.com, or *.example.com for all below it";

/** A host's name that is no address, or `*.` and the name that others end in (RFC 1123, and _ as in service names). */
export const domainPattern =
  /^(?=.{3,253}$)(\*\.)?([a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?\.)+(?=[a-zA-Z0-9-]*[a-zA-Z])[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/;
