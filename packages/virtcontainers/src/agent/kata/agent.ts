import type { Agent } from "../agent.ts";
import { KataFiles } from "./files.ts";

/** An agent that speaks the contract of Kata Containers over one connection. Its calls stand beside this file, by what they concern. */
export class KataAgent extends KataFiles implements Agent {}
