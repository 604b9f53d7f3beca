import * as v from "valibot";

/** Whose rights a process has, or to whom a file belongs. */
export const UserIds = v.object({ uid: v.number(), gid: v.number() });
export type UserIds = v.InferOutput<typeof UserIds>;
