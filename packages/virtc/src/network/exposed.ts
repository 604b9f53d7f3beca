import { type Published, protocols } from "../args/network/publish.ts";

/**
 * What an image's EXPOSE stands for, such as `80/tcp` or `8000-8010/udp`, each port once; what is none is left out,
 * since an image is anybody's. Undefined if there are more than `most`.
 */
export function exposed(texts: readonly string[], most: number): Published[] | undefined {
  const ports = new Map<string, Published>();
  for (const text of texts) {
    const [, from, to = from, word = "tcp"] =
      /^(\d{1,5})(?:-(\d{1,5}))?(?:\/([a-z]+))?$/.exec(text) ?? [];
    const [first, last] = [Number(from), Number(to)];
    const protocol = protocols.find((known) => known === word);
    if (protocol === undefined || !(first >= 1 && last <= 65_535)) continue;
    for (let port = first; port <= last; port++) {
      ports.set(`${port}/${protocol}`, {
        ...{ containerPort: port, protocol },
        ...{ hostIP: undefined, hostPorts: undefined },
      });
      if (ports.size > most) return undefined;
    }
  }
  return [...ports.values()];
}
