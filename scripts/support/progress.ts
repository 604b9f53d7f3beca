/**
 * Tells what set-up does: a live line for the step that runs on a terminal, plain lines elsewhere
 * (with one every half minute, so that a log shows life), and one closing line for each step.
 */
export interface Progress {
  /** Runs a step under a title; what it gives to `update` is shown beside the title. */
  step<T>(title: string, work: (update: (detail: string) => void) => Promise<T>): Promise<T>;
  note(text: string): void;
}

const lifeSignMs = 30_000;

export function createProgress(out: NodeJS.WriteStream = process.stderr): Progress {
  const live = out.isTTY === true && !process.env.CI;
  const line = (text: string) => out.write(`${text}\n`);
  return {
    note: line,
    async step(title, work) {
      const start = Date.now();
      let detail = "";
      const seconds = () => `${((Date.now() - start) / 1000).toFixed(1)} s`;
      const draw = () => {
        const width = (out.columns ?? 80) - 1;
        const text = `  … ${title} (${seconds()}) ${detail}`.slice(0, width);
        out.write(`\r\x1b[K${text}`);
      };
      const lifeSign = () => line(`  … ${title} (${seconds()}) ${detail}`);
      const timer = setInterval(live ? draw : lifeSign, live ? 200 : lifeSignMs);
      const end = (mark: string) => {
        clearInterval(timer);
        line(`${live ? "\r\x1b[K" : ""}  ${mark} ${title} (${seconds()})`);
      };
      try {
        const result = await work((text) => {
          detail = text.trim().replaceAll(/\s+/g, " ");
        });
        end("✓");
        return result;
      } catch (error) {
        end("✗");
        throw error;
      }
    },
  };
}
