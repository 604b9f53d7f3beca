import { define as check } from "./check/command.ts";
import { define as complete } from "./complete/command.ts";
import { define as completion } from "./completion/command.ts";
import type { Define } from "./define.ts";
import { define as exec } from "./exec/command.ts";
import { define as image } from "./image/command.ts";
import { define as inspect } from "./inspect/command.ts";
import { define as kill } from "./kill/command.ts";
import { define as logs } from "./logs/command.ts";
import { define as ps } from "./ps/command.ts";
import { define as rm } from "./rm/command.ts";
import { define as run } from "./run/command.ts";
import { define as setup } from "./setup/command.ts";
import { define as stop } from "./stop/command.ts";
import { define as version } from "./version/command.ts";
import { define as wait } from "./wait/command.ts";

/** What only some use is a file of its own, which `run` and `exec` need not read. */
const manage =
  (name: keyof typeof import("./manage.ts")): Define =>
  async (program, context) =>
    (await import("./manage.ts"))[name](program, context);

const ofImages =
  (name: keyof typeof import("./images.ts")): Define =>
  async (program, context) =>
    (await import("./images.ts"))[name](program, context);

/** Every command, below the heading and in the order in which help lists them. */
export const groups: Readonly<Record<string, Readonly<Record<string, Define>>>> = {
  "Containers:": {
    run,
    create: manage("create"),
    start: manage("start"),
    restart: manage("restart"),
    stop,
    kill,
    rm,
    exec,
    attach: manage("attach"),
    ps,
    logs,
    wait,
    inspect,
    port: manage("port"),
  },
  "Running containers:": {
    top: manage("top"),
    stats: manage("stats"),
    events: manage("events"),
    trace: manage("trace"),
    pause: manage("pause"),
    resume: manage("resume"),
    update: manage("update"),
    cp: manage("cp"),
    export: ofImages("export"),
    commit: ofImages("commit"),
    debug: manage("debug"),
  },
  "Images:": {
    images: ofImages("images"),
    pull: ofImages("pull"),
    push: ofImages("push"),
    rmi: ofImages("rmi"),
    tag: ofImages("tag"),
    load: ofImages("load"),
    save: ofImages("save"),
    import: ofImages("import"),
    history: ofImages("history"),
    login: ofImages("login"),
    logout: ofImages("logout"),
  },
  "Management:": {
    sandbox: manage("sandbox"),
    container: manage("container"),
    image,
    volume: manage("volume"),
    network: manage("network"),
    system: manage("system"),
  },
  "This host:": {
    info: manage("info"),
    gc: manage("gc"),
    setup,
    check,
    version,
    completion,
    __complete: complete,
  },
};

const commands: Readonly<Record<string, Define>> = Object.assign({}, ...Object.values(groups));

export const commandNames = Object.keys(commands);

/** Other names of commands. */
const aliases: Readonly<Record<string, string>> = { pod: "sandbox", unpause: "resume" };

/** The command of a name or alias. */
export function commandNamed(name = ""): Define | undefined {
  const known = Object.hasOwn(aliases, name) ? aliases[name] : name;
  return known !== undefined && Object.hasOwn(commands, known) ? commands[known] : undefined;
}
