import { pass } from "./marks.ts";

export interface Chain {
  name: string;
  /** Of a chain that packets come into by themselves. */
  hook?: string;
  rules: string[];
}

/** Lets a packet pass the guard. */
export const passed = `meta mark set meta mark | ${pass} accept`;
