import type { Readable } from "node:stream";

const maxHeadBytes = 32 * 1024;
const statusLine = /^HTTP\/1\.[01] (\d{3})[ \r]/;

/** Resolves when the first answer of a server is there: true if it changes to another protocol. */
export function hasSwitched(server: Readable): Promise<boolean> {
  return new Promise((resolve) => {
    let text = "";
    const end = (answer: boolean): void => {
      server.off("data", take).off("close", close);
      resolve(answer);
    };
    const close = (): void => end(false);
    const take = (chunk: Buffer): void => {
      text += chunk.toString("latin1");
      for (let stop = text.indexOf("\r\n\r\n"); stop >= 0; stop = text.indexOf("\r\n\r\n")) {
        const status = Number(statusLine.exec(text)?.[1]);
        // What comes before the answer itself, such as 100.
        if (!(status >= 100 && status <= 199) || status === 101) {
          end(status === 101);
          return;
        }
        text = text.slice(stop + 4);
      }
      if (text.length > maxHeadBytes) end(false);
    };
    server.on("data", take).once("close", close);
  });
}
