import { UsageError } from "../../errors/usage.ts";
import { lex, type Piece, type Token } from "./lex.ts";

export type Node =
  | { kind: "text"; text: string }
  | { kind: "print"; pipe: Pipe }
  | { kind: "if" | "with" | "range"; pipe: Pipe; body: Node[]; otherwise: Node[] };

/** Calls, each of which gets what the one before it gave as its last argument. */
export interface Pipe {
  /** Variables that get its value: one, or in `range` a key and a value. */
  variables: string[];
  calls: Operand[][];
}

export type Operand =
  | { kind: "dot" | "variable"; name: string; path: string[] }
  | { kind: "literal"; value: unknown }
  | { kind: "function"; name: string }
  | { kind: "pipe"; pipe: Pipe; path: string[] };

const unknownWords = ["block", "break", "continue", "define", "template"];

/** Parses a template of Go's text/template, as far as docker's documents use it. */
export function parseTemplate(template: string): Node[] {
  const pieces = lex(template);
  const { nodes, end } = parseUntil(pieces, { at: 0 }, []);
  if (end !== "") throw new UsageError(`--format: {{${end}}} without its if, with or range`);
  return nodes;
}

/** The nodes up to one of the words in `ends`; "" is the template's end. */
function parseUntil(
  pieces: readonly Piece[],
  cursor: { at: number },
  ends: readonly string[],
): { nodes: Node[]; end: string; rest: Token[] } {
  const nodes: Node[] = [];
  for (;;) {
    const piece = pieces[cursor.at++];
    if (piece === undefined) {
      if (ends.length > 0) throw new UsageError("--format: {{end}} is missing");
      return { nodes, end: "", rest: [] };
    }
    if (piece.kind === "text") {
      nodes.push(piece);
      continue;
    }
    const [first, ...rest] = piece.tokens;
    if (first === undefined) throw new UsageError("--format: {{}} says nothing");
    const word = first.kind === "word" ? first.text : "";
    if (word === "end" || word === "else") {
      if (ends.includes(word)) return { nodes, end: word, rest };
      throw new UsageError(`--format: {{${word}}} without its if, with or range`);
    }
    if (unknownWords.includes(word))
      throw new UsageError(`--format: {{${word}}} is not known here`);
    if (word === "if" || word === "with" || word === "range")
      nodes.push(parseBlock(word, rest, pieces, cursor));
    else nodes.push({ kind: "print", pipe: parseWhole(piece.tokens) });
  }
}

function parseBlock(
  kind: "if" | "with" | "range",
  condition: Token[],
  pieces: readonly Piece[],
  cursor: { at: number },
): Node {
  const pipe = parseWhole(condition);
  const body = parseUntil(pieces, cursor, ["else", "end"]);
  if (body.end === "end") return { kind, pipe, body: body.nodes, otherwise: [] };
  const [next, ...rest] = body.rest;
  if (next?.kind === "word" && (next.text === "if" || next.text === "with")) {
    const otherwise = [parseBlock(next.text, rest, pieces, cursor)];
    return { kind, pipe, body: body.nodes, otherwise };
  }
  const otherwise = parseUntil(pieces, cursor, ["end"]);
  return { kind, pipe, body: body.nodes, otherwise: otherwise.nodes };
}

function parseWhole(tokens: readonly Token[]): Pipe {
  const left = [...tokens];
  const pipe = parsePipe(left);
  if (left.length > 0) throw unexpected(left[0]);
  return pipe;
}

function parsePipe(tokens: Token[]): Pipe {
  const variables = parseVariables(tokens);
  const calls = [parseCall(tokens)];
  while (isSymbol(tokens[0], "|")) {
    tokens.shift();
    calls.push(parseCall(tokens));
  }
  return { variables, calls };
}

/** `$a :=`, `$a =` or `$a, $b :=`, which it takes. */
function parseVariables(tokens: Token[]): string[] {
  const [first, second, third, fourth] = tokens;
  if (first?.kind !== "variable") return [];
  if (isSymbol(second, ":=", "=")) {
    tokens.splice(0, 2);
    return [first.text];
  }
  if (!isSymbol(second, ",") || third?.kind !== "variable" || !isSymbol(fourth, ":=")) return [];
  tokens.splice(0, 4);
  return [first.text, third.text];
}

function parseCall(tokens: Token[]): Operand[] {
  const operands: Operand[] = [];
  while (tokens.length > 0 && !isSymbol(tokens[0], "|", ")")) operands.push(parseOperand(tokens));
  if (operands.length === 0) throw new UsageError("--format: a value is missing");
  return operands;
}

const literals: Readonly<Record<string, unknown>> = { true: true, false: false, nil: null };

function parseOperand(tokens: Token[]): Operand {
  const token = tokens.shift();
  switch (token?.kind) {
    case "text":
      return { kind: "literal", value: token.text };
    case "number":
      return { kind: "literal", value: Number(token.text) };
    case "word":
      return Object.hasOwn(literals, token.text)
        ? { kind: "literal", value: literals[token.text] }
        : { kind: "function", name: token.text };
    case "field": {
      const path = token.text === "." ? [] : [token.text.slice(1)];
      return { kind: "dot", name: ".", path: [...path, ...parsePath(tokens)] };
    }
    case "variable":
      return { kind: "variable", name: token.text, path: parsePath(tokens) };
    default: {
      if (!isSymbol(token, "(")) throw unexpected(token);
      const pipe = parsePipe(tokens);
      const end = tokens.shift();
      if (!isSymbol(end, ")")) throw new UsageError("--format: ( without its )");
      return { kind: "pipe", pipe, path: parsePath(tokens) };
    }
  }
}

/** The fields that follow without a space: `.B.C` of `$a.B.C`. */
function parsePath(tokens: Token[]): string[] {
  const path: string[] = [];
  for (;;) {
    const [next] = tokens;
    if (next?.kind !== "field" || next.spaced || next.text === ".") return path;
    path.push(next.text.slice(1));
    tokens.shift();
  }
}

function isSymbol(token: Token | undefined, ...texts: string[]): boolean {
  return token?.kind === "symbol" && texts.includes(token.text);
}

function unexpected(token: Token | undefined): UsageError {
  return new UsageError(`--format: ${JSON.stringify(token?.text ?? "")} is not understood there`);
}
