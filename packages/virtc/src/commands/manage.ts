export { define as container } from "./container.ts";
export { define as events } from "./events.ts";
export { define as gc } from "./gc.ts";
export { define as pause } from "./pause.ts";
export { define as resume } from "./resume.ts";
export { define as sandbox } from "./sandbox.ts";
export { define as stats } from "./stats.ts";
export { define as trace } from "./trace.ts";
