import { join } from "node:path";
import ts from "typescript";

/** A TypeScript program in a folder, as its compiler sees it. */
export function programOf(
  folder: string,
  file: string,
  compilerOptions: Readonly<Record<string, unknown>>,
): ts.Program {
  const { options } = ts.convertCompilerOptionsFromJson(
    { typeRoots: [join(folder, "node_modules/@types")], ...compilerOptions, noEmit: true },
    folder,
  );
  return ts.createProgram([join(folder, file)], options);
}

/** What the compiler finds wrong, in all of the declarations that are imported too. */
export function errorsOf(program: ts.Program): string[] {
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}

/** Fields that can be reached from the types of a file's exports by name, with those that have no documentation. */
export function fieldsOf(
  program: ts.Program,
  file: string,
  names: readonly string[],
): { all: string[]; undocumented: string[] } {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const module = source && checker.getSymbolAtLocation(source);
  const exported = module === undefined ? [] : checker.getExportsOfModule(module);
  const found = { all: [] as string[], undocumented: [] as string[] };
  const seen = new Set<ts.Type>();
  const visit = (type: ts.Type, path: string): void => {
    if (type.isUnionOrIntersection()) {
      for (const part of type.types) visit(part, path);
      return;
    }
    if (!(type.flags & ts.TypeFlags.Object) || seen.has(type)) return;
    seen.add(type);
    const element = checker.getIndexTypeOfType(type, ts.IndexKind.Number);
    if (element !== undefined) {
      visit(element, path);
      return;
    }
    for (const field of checker.getPropertiesOfType(type)) {
      // Not what JavaScript's own objects have.
      if (!field.declarations?.every((at) => isOurs(at.getSourceFile().fileName))) continue;
      const name = `${path}.${field.name}`;
      found.all.push(name);
      if (field.getDocumentationComment(checker).length === 0) found.undocumented.push(name);
      visit(checker.getTypeOfSymbol(field), name);
    }
  };
  for (const name of names) {
    const symbol = exported.find((each) => each.name === name);
    if (symbol === undefined) throw new Error(`${file} exports no ${name}`);
    visit(checker.getDeclaredTypeOfSymbol(skipAlias(checker, symbol)), name);
  }
  return found;
}

function skipAlias(checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

const packageFolder = /\/node_modules\/(?:@virtcontainers\/[^/]+|virtcontainers)\//;

/** By the package that a file is of: a checkout may be called anything. */
function isOurs(file: string): boolean {
  return packageFolder.test(file);
}
