import * as v from "valibot";
import { integer } from "../validate.ts";

/** The size of a terminal. */
export interface TerminalSize {
  /** 1 to 65535. */
  rows: number;
  /** 1 to 65535. */
  columns: number;
}

export const TerminalSizeSchema = v.strictObject({
  rows: integer(1, 65535, "rows"),
  columns: integer(1, 65535, "columns"),
});
