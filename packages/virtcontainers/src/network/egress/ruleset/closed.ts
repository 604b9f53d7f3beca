import { type Block, blockText, contains, parseBlock } from "../../block.ts";
import { alwaysDenied } from "../blocks.ts";
import type { CompiledPolicy, CompiledRule } from "../compile.ts";
import type { RouterNetwork } from "./network.ts";

/** What is denied unless a rule names it. */
export function closedBlocks({ internal }: Pick<RouterNetwork, "internal">): Block[] {
  return [...alwaysDenied, ...internal.map(parseBlock)];
}

/** A rule opens what is closed only by being no wider. */
export function isNarrow(closed: readonly Block[], block: Block): boolean {
  return closed.some((each) => contains(each, block));
}

/** The rules that allow something, apart by whether they come before what is closed. */
export function allowRules(
  { allow }: CompiledPolicy,
  network: RouterNetwork,
): { narrow: CompiledRule[]; wide: CompiledRule[] } {
  const closed = closedBlocks(network);
  const narrow = allow.filter(({ block }) => block !== undefined && isNarrow(closed, block));
  return { narrow, wide: allow.filter((rule) => !narrow.includes(rule)) };
}

/** The rules that deny addresses; names are denied by the helper. */
export function denyRules({ deny }: CompiledPolicy): CompiledRule[] {
  return deny.filter(({ domain }) => domain === undefined);
}

/** One condition for each block that is closed. */
export function toClosed(network: RouterNetwork): string[] {
  return closedBlocks(network).map(
    (block) => `${block.family === 4 ? "ip" : "ip6"} daddr ${blockText(block)}`,
  );
}
