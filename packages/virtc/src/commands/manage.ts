export { define as container } from "./container.ts";
export { define as gc } from "./gc.ts";
export { define as sandbox } from "./sandbox.ts";
