/** Where in a script a value stands. */
export type Place =
  | ("word" | "double" | "single" | "comment")
  /** Between `$((` and `))`. */
  | "arithmetic"
  | ("document" | "literal-document");

type Frame =
  | { kind: "plain" | "arithmetic"; depth: number }
  | { kind: "single" | "double" | "backtick" | "comment" }
  /** Inside `${…}`, whose words are as those around it. */
  | { kind: "braces"; quoted: boolean };

interface HereDocument {
  delimiter: string;
  stripsTabs: boolean;
  literal: boolean;
}

/** Follows a shell script, as POSIX has its quoting, to know what stands around the values put into it. */
export class ScriptReader {
  readonly #frames: Frame[] = [{ kind: "plain", depth: 0 }];
  readonly #waiting: HereDocument[] = [];
  #document: HereDocument | undefined;
  /** What of a line of a document, or of a word, was read before. */
  #line = "";
  #atWord = true;

  /** Where a value stands that comes next. */
  place(): Place {
    if (this.#document !== undefined)
      return this.#document.literal ? "literal-document" : "document";
    const frame = this.#top();
    if (frame.kind === "braces") return frame.quoted ? "double" : "word";
    return frame.kind === "plain" || frame.kind === "backtick" ? "word" : frame.kind;
  }

  /** A value stands here. */
  value(): void {
    this.#atWord = false;
    this.#line += "x";
  }

  /** Reads on. */
  read(script: string): void {
    for (let at = 0; at < script.length; ) at += this.#step(script, at);
  }

  #top(): Frame {
    return this.#frames.at(-1) ?? { kind: "plain", depth: 0 };
  }

  /** Gives how many characters were taken. */
  #step(script: string, at: number): number {
    if (this.#document !== undefined) return this.#documentStep(script, at, this.#document);
    const [char, next] = [script.charAt(at), script.charAt(at + 1)];
    const frame = this.#top();
    if (frame.kind === "single") return this.#closes(char === "'");
    if (frame.kind === "comment") {
      if (char !== "\n") return 1;
      this.#frames.pop();
      return this.#lineEnd();
    }
    if (char === "\\") return this.#word(2);
    if (char === "`") {
      if (frame.kind === "backtick") this.#frames.pop();
      else this.#frames.push({ kind: "backtick" });
      return this.#word(1);
    }
    if (script.startsWith("$((", at)) return this.#opens({ kind: "arithmetic", depth: 2 }, 3);
    if (char === "$" && next === "(") return this.#opens({ kind: "plain", depth: 1 }, 2);
    if (char === "$" && next === "{") {
      const quoted = frame.kind === "double" || (frame.kind === "braces" && frame.quoted);
      return this.#opens({ kind: "braces", quoted }, 2);
    }
    if (frame.kind === "double") return this.#closes(char === '"');
    if (char === '"') return this.#opens({ kind: "double" }, 1);
    if (frame.kind === "braces") {
      if (char === "'" && !frame.quoted) return this.#opens({ kind: "single" }, 1);
      return this.#closes(char === "}");
    }
    return this.#plainStep(script, at, frame);
  }

  #plainStep(script: string, at: number, frame: Frame): number {
    const char = script.charAt(at);
    if (char === "'") return this.#opens({ kind: "single" }, 1);
    if (char === "#" && this.#atWord && frame.kind !== "arithmetic")
      return this.#opens({ kind: "comment" }, 1);
    if (char === "\n") return this.#lineEnd();
    const document = /^<<(-?)[ \t]*((?:'[^'\n]*'|"[^"\n]*"|\\[^\n]|[^\s;&|<>()'"\\])+)/.exec(
      script.slice(at),
    );
    if (document !== null && frame.kind !== "arithmetic" && script.charAt(at - 1) !== "<") {
      const [all, dash, word = ""] = document;
      const delimiter = word.replace(/['"\\]/g, "");
      this.#waiting.push({ delimiter, stripsTabs: dash === "-", literal: delimiter !== word });
      return this.#word(all.length);
    }
    if ("depth" in frame && char === "(") frame.depth++;
    if ("depth" in frame && char === ")" && frame.depth > 0 && --frame.depth === 0)
      if (this.#frames.length > 1) return this.#closes(true);
    this.#atWord = /[\s;&|()<>]/.test(char);
    return 1;
  }

  #documentStep(script: string, at: number, document: HereDocument): number {
    const end = script.indexOf("\n", at);
    if (end < 0) {
      this.#line += script.slice(at);
      return script.length - at;
    }
    const whole = this.#line + script.slice(at, end);
    this.#line = "";
    const line = document.stripsTabs ? whole.replace(/^\t+/, "") : whole;
    if (line === document.delimiter) this.#document = this.#waiting.shift();
    return end - at + 1;
  }

  #lineEnd(): number {
    this.#atWord = true;
    this.#document = this.#waiting.shift();
    this.#line = "";
    return 1;
  }

  #opens(frame: Frame, taken: number): number {
    this.#frames.push(frame);
    this.#atWord = frame.kind === "plain";
    return taken;
  }

  #closes(really: boolean): number {
    if (really) this.#frames.pop();
    return this.#word(1);
  }

  #word(taken: number): number {
    this.#atWord = false;
    return taken;
  }
}
