/**
 * Builds the guest's files into packages/guest-linux-x64/dist. A tuned kernel that was built before is used;
 * `npm run guest:kernel` builds it.
 */
import { createProgress } from "../../scripts/support/progress.ts";
import { buildGuest } from "./guest.ts";

await buildGuest(createProgress(), { tuned: false });
