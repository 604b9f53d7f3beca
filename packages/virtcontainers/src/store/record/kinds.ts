export { cgroup } from "./cgroup.ts";
export { file } from "./file.ts";
export { folder } from "./folder.ts";
export { mount } from "./mount.ts";
export { netns } from "./netns.ts";
export { owner } from "./owner.ts";
export { process } from "./process.ts";
export { qdisc } from "./qdisc.ts";
