import type { Command } from "commander";

/** Names that mean the same in every group of commands, docker's among them. */
const sameNames = [
  ["ls", "list"],
  ["rm", "remove", "delete"],
  ["resume", "unpause"],
];

/** Lets each command of a group be called by the names that mean the same, where no other command has them. */
export function giveSameNames(group: Command): void {
  const taken = new Set(group.commands.flatMap((one) => [one.name(), ...one.aliases()]));
  for (const command of group.commands) {
    const names = sameNames.find((same) => same.includes(command.name())) ?? [];
    for (const name of names.filter((one) => !taken.has(one))) {
      taken.add(name);
      command.alias(name);
    }
  }
}
