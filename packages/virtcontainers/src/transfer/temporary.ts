import { randomBytes } from "node:crypto";

/** What a file or link is called, beside its place, until it is whole. */
export function temporaryName(): string {
  return `.virtc-${randomBytes(8).toString("hex")}`;
}
