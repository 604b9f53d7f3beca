import type { Agent } from "../agent.ts";
import { KataGuest } from "./guest.ts";

/** An agent that speaks the contract of Kata Containers over one connection. Its calls stand beside this file, by what they concern. */
export class KataAgent extends KataGuest implements Agent {}
