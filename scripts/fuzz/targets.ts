import type { Target } from "./target.ts";
import { agent } from "./targets/agent.ts";
import { envFile, mountOptions, reference } from "./targets/command-line.ts";
import { dockerArchive } from "./targets/docker-archive.ts";
import { clientHello, dnsAnswers, dnsQueries, httpRequests } from "./targets/egress.ts";
import { ledger } from "./targets/ledger.ts";
import { log } from "./targets/log.ts";
import { ociLayout } from "./targets/oci-layout.ts";
import { ociSpec } from "./targets/oci-spec.ts";
import { registry } from "./targets/registry.ts";
import { state } from "./targets/state.ts";
import { tar } from "./targets/tar.ts";

/** By name on the command line. */
export const targets: Readonly<Record<string, Target>> = {
  tar,
  "oci-layout": ociLayout,
  "docker-archive": dockerArchive,
  registry,
  agent,
  log,
  state,
  ledger,
  "env-file": envFile,
  "mount-options": mountOptions,
  reference,
  "oci-spec": ociSpec,
  "client-hello": clientHello,
  "http-requests": httpRequests,
  "dns-queries": dnsQueries,
  "dns-answers": dnsAnswers,
};
