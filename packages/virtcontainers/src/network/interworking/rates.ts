import { rateHandle } from "../../host/network/marks.ts";

/** What lets a link send no more than so many bits per second; nothing without a limit. */
export function limitLines(link: string, bits: number | undefined): string[] {
  if (bits === undefined) return [];
  const rate = `rate ${bits}bit ceil ${bits}bit`;
  return [
    `qdisc add dev ${link} root handle ${rateHandle}: htb default 2`,
    `class add dev ${link} parent ${rateHandle}: classid ${rateHandle}:1 htb ${rate}`,
    `class add dev ${link} parent ${rateHandle}:1 classid ${rateHandle}:2 htb ${rate}`,
  ];
}
