import { UsageError } from "../../errors/usage.ts";
import { safe } from "../../output/safe.ts";
import { functions, type TemplateFunction } from "./functions.ts";
import { type Node, type Operand, type Pipe, parseTemplate } from "./parse.ts";
import { described, entriesOf, isTrue, printed } from "./values.ts";

/** A template that has been understood: gives the text for a value. */
export type Template = (data: unknown) => string;

/**
 * Understands a template in the language of Go's text/template, which docker's --format has. What comes of values
 * can't steer the terminal. UsageError, also where a function is not known.
 */
export function template(
  text: string,
  known: Readonly<Record<string, TemplateFunction>> = functions,
): Template {
  const nodes = parseTemplate(text);
  return (data) => new Evaluation(data, known).text(nodes, data, new Map([["$", data]]));
}

type Variables = Map<string, unknown>;

class Evaluation {
  readonly #root: unknown;
  readonly #functions: Readonly<Record<string, TemplateFunction>>;

  constructor(root: unknown, known: Readonly<Record<string, TemplateFunction>>) {
    this.#root = root;
    this.#functions = known;
  }

  text(nodes: readonly Node[], dot: unknown, variables: Variables): string {
    return nodes.map((node) => this.#node(node, dot, variables)).join("");
  }

  #node(node: Node, dot: unknown, variables: Variables): string {
    if (node.kind === "text") return node.text;
    const value = this.#pipe(node.pipe, dot, variables);
    const [first, second] = node.pipe.variables;
    if (node.kind === "print") {
      if (first === undefined) return safe(printed(value));
      variables.set(first, value);
      return "";
    }
    if (node.kind === "range") return this.#range(node, value, dot, variables);
    const inner = new Map(variables);
    if (first !== undefined && second === undefined) inner.set(first, value);
    if (!isTrue(value)) return this.text(node.otherwise, dot, inner);
    return this.text(node.body, node.kind === "with" ? value : dot, inner);
  }

  #range(
    { pipe, body, otherwise }: Exclude<Node, { kind: "text" | "print" }>,
    value: unknown,
    dot: unknown,
    variables: Variables,
  ): string {
    const entries = entriesOf(value);
    if (entries === undefined) {
      throw new UsageError(
        `--format: range goes over a list or a map, and ${described(value)} is none`,
      );
    }
    if (entries.length === 0) return this.text(otherwise, dot, variables);
    const [first, second] = pipe.variables;
    const each = entries.map(([key, one]) => {
      const inner = new Map(variables);
      if (first !== undefined) inner.set(first, second === undefined ? one : key);
      if (second !== undefined) inner.set(second, one);
      return this.text(body, one, inner);
    });
    return each.join("");
  }

  #pipe({ calls }: Pipe, dot: unknown, variables: Variables): unknown {
    let last: unknown[] = [];
    for (const call of calls) last = [this.#call(call, dot, variables, last)];
    return last[0];
  }

  #call(
    [first, ...rest]: Operand[],
    dot: unknown,
    variables: Variables,
    piped: unknown[],
  ): unknown {
    if (first === undefined) return undefined;
    const args = [...rest.map((operand) => this.#operand(operand, dot, variables)), ...piped];
    if (first.kind === "function") return this.#function(first.name)(...args);
    const value = this.#operand(first, dot, variables);
    if (typeof value === "function") return value(...args);
    if (args.length === 0) return value;
    throw new UsageError(`--format: ${described(value)} takes no arguments; it is no function`);
  }

  #operand(operand: Operand, dot: unknown, variables: Variables): unknown {
    switch (operand.kind) {
      case "literal":
        return operand.value;
      case "function":
        return this.#function(operand.name)();
      case "pipe":
        return field(this.#pipe(operand.pipe, dot, variables), operand.path);
      case "dot":
        return field(dot, operand.path);
      case "variable":
        if (variables.has(operand.name)) return field(variables.get(operand.name), operand.path);
        throw new UsageError(`--format: there is no variable ${operand.name}`);
    }
  }

  #function(name: string): TemplateFunction {
    const found = Object.hasOwn(this.#functions, name) ? this.#functions[name] : undefined;
    if (found !== undefined) return found;
    const hint =
      typeof this.#root === "object" && this.#root !== null && Object.hasOwn(this.#root, name)
        ? `A field has a dot before it: {{.${name}}}.`
        : `There are ${Object.keys(this.#functions).sort().join(", ")}.`;
    throw new UsageError(`--format: there is no function ${name}`, hint);
  }
}

function field(value: unknown, path: readonly string[]): unknown {
  return path.reduce(fieldOf, value);
}

function fieldOf(value: unknown, name: string): unknown {
  if (value instanceof Map) return value.get(name);
  if (typeof value !== "object" || value === null) {
    throw new UsageError(`--format: ${described(value)} has no field ${name}`);
  }
  const fields = Object.entries(value);
  const found = fields.find(([known]) => known === name);
  if (found !== undefined) return found[1];
  const names = fields.map(([known]) => known);
  const alike = names.find((known) => known.toLowerCase() === name.toLowerCase());
  const hint = alike === undefined ? `There are ${names.join(", ")}.` : `Did you mean .${alike}?`;
  throw new UsageError(`--format: there is no field .${name}`, hint);
}
