import * as v from "valibot";

/** Whose rights a process has, or to whom a file belongs. */
export interface UserIds {
  uid: number;
  gid: number;
}

export const UserIdsSchema = v.object({ uid: v.number(), gid: v.number() });
