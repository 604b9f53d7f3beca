import { expect, test } from "vitest";
import { forbidden } from "../../../../src/host/network/house/forbidden.ts";

/** Of a host that has these files below /proc/sys. */
const on = (said: string, files: Record<string, string>) =>
  forbidden(said, async (path) => {
    const value = files[path.replace("/proc/sys/", "")];
    if (value === undefined) throw new Error(`there is no ${path}`);
    return value;
  });

const denied = "unshare: unshare failed: Operation not permitted";
const open = {
  "user/max_user_namespaces": "15000\n",
  "kernel/unprivileged_userns_clone": "1\n",
  "kernel/apparmor_restrict_unprivileged_userns": "0\n",
};

test.each([
  ["user/max_user_namespaces", "0", "user.max_user_namespaces=15000"],
  ["kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"],
  [
    "kernel/apparmor_restrict_unprivileged_userns",
    "1",
    "kernel.apparmor_restrict_unprivileged_userns=0",
  ],
  // Which also says whom it lets through.
  [
    "kernel/apparmor_restrict_unprivileged_userns",
    "2",
    "kernel.apparmor_restrict_unprivileged_userns=0",
  ],
])(
  "what forbids user namespaces is named, %s of %s, whatever unshare says",
  async (path, value, allow) => {
    for (const said of [
      "",
      denied,
      "unshare: write failed /proc/self/uid_map: Permission denied",
    ]) {
      const { code, message, hint } = await on(said, { ...open, [path]: `${value}\n` });
      expect(code).toBe("HOST_REQUIREMENT");
      expect(message).toContain(`forbids user namespaces`);
      expect(message).toContain(`/proc/sys/${path} is ${value}`);
      expect(hint).toContain(`sysctl -w ${allow}`);
    }
  },
);

test("a limit that is reached is named with the others that may be, and what is to be done", async () => {
  const { message, hint } = await on("unshare: unshare failed: No space left on device", {
    ...open,
    "user/max_user_namespaces": "3\n",
    "user/max_net_namespaces": "7\n",
  });
  expect(message).toContain("user.max_user_namespaces is 3, user.max_net_namespaces is 7");
  expect(hint).toContain("sysctl -w user.max_user_namespaces=");
  expect(hint).toContain("lsns");
});

test("where no switch does, it tells what was said and what was looked at", async () => {
  const { message, hint } = await on(denied, open);
  expect(message).toContain("Operation not permitted");
  for (const [path, value] of Object.entries(open))
    expect(message).toContain(`/proc/sys/${path} is ${value.trim()}`);
  expect(hint).toContain("seccomp or AppArmor");
  // A host that has none of these files, or nonsense in them.
  const bare = await on("", { "user/max_user_namespaces": "many" });
  expect(bare.message).toMatch(/can't have user namespaces$/);
});
