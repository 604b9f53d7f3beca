/** What is said of a word that both have: the same, with the test that holds it, or what is another way. */
export type Verdict = { same: readonly [file: string, title: string] } | { differs: string };

const podman = "test/podman.test.ts";
const cli = "test/cli.test.ts";
const run = "packages/virtc/test/commands/run.test.ts";
const network = "test/cli-network.test.ts";
const image = [
  podman,
  "an image gets names, is saved and loaded, and its names are taken away",
] as const;
const user = [
  podman,
  "a container has its user's groups, its names, environment, mounts and filled volumes",
] as const;
const running = [
  podman,
  "a running container takes commands and files, and stops by its image's signal",
] as const;
const committed = [
  podman,
  "a container's files are exported, and become an image with what is changed of it",
] as const;
const names = [network, "names and name servers of a container are what the options say"] as const;
const labels = [podman, "a user has further groups, and labels are looked for"] as const;
const password = [
  "packages/virtcontainers/test/image/target.test.ts",
  "is signed in at, gets an image, and nothing that it has already",
] as const;
const port = [
  network,
  "a published port leads from the host to the container, and rm leaves nothing",
] as const;
const rights = [run, "makes rights and limits of its options"] as const;
const life = [
  podman,
  "a container is made, started, started again with what it wrote, and removed",
] as const;
const attached = [
  podman,
  "who attaches gives its input, and has the exit code; how one is stopped was said when it was made",
] as const;
const health = [
  "test/cli-health.test.ts",
  "a health check runs in the guest, and ps, inspect and events tell what it says",
] as const;
const checks = [
  "packages/virtcontainers/test/container/health-check.test.ts",
  "failures in the start period do not count, and a run that hangs has failed",
] as const;
const bounds = [
  podman,
  "rights and limits are those that are asked for, in docker's forms",
] as const;
const sandboxFirst: Verdict = {
  differs: "wants the sandbox first; without `container` the name is enough",
};
const vm = (what: string): Verdict => ({ differs: `${what} of the VM` });

export const commands: Readonly<Record<string, Verdict>> = {
  attach: {
    differs: "of a terminal the last output is shown again; not to a `run` in the foreground",
  },
  commit: { same: committed },
  create: { same: life },
  cp: { same: [podman, "a tar stream goes in without its folders, and with its hard links"] },
  events: { differs: "other names of events and fields; `--filter` and `--format`" },
  exec: { same: running },
  export: { same: committed },
  history: { same: image },
  images: { differs: "other columns; `--format` and `--filter` as in docker" },
  info: { differs: "what is there, and the host; `virtc check` tells what it can do" },
  import: { same: [podman, "a root file system comes in as an image, with what is said of it"] },
  inspect: { differs: "other fields in JSON; templates know the usual ones of docker" },
  kill: { same: [cli, "take signals from kill, and are removed by rm -f"] },
  load: { same: image },
  login: { same: password },
  logout: { same: password },
  logs: { same: [cli, "are followed by logs -f until they end"] },
  pause: {
    same: ["test/cli-manage.test.ts", "is paused, resumed, resized, measured and looked into"],
  },
  port: {
    same: [
      "packages/virtc/test/commands/port.test.ts",
      "virtc port and ps tell the ports of the host that lead to a container",
    ],
  },
  ps: { differs: "other columns; `--format` and `--filter` as in docker" },
  pull: { differs: "prints the digest; the layers become one root file system" },
  push: { differs: "the image goes as one layer" },
  restart: { same: attached },
  rm: { same: [cli, "take signals from kill, and are removed by rm -f"] },
  rmi: { same: image },
  run: { same: [cli, "prints exactly what the command prints"] },
  save: { same: [podman, "what virtc saves podman loads and runs, and the other way round"] },
  start: { same: life },
  stats: { differs: "a column for the sandbox; `--format` with docker's fields" },
  stop: { same: running },
  tag: { same: image },
  top: { differs: "redrawn on a terminal; once with `--no-live`" },
  unpause: {
    same: ["test/cli-manage.test.ts", "is paused, resumed, resized, measured and looked into"],
  },
  update: { differs: "the VM takes another size; no `--restart`" },
  version: { differs: "there is no server to tell of" },
  wait: { same: running },
  "container create": {
    differs: "makes one in a sandbox, which is named first; `virtc create` makes both",
  },
  "container kill": sandboxFirst,
  "container ls": { differs: "other columns; `--format` and `--filter` as in docker" },
  "container pause": sandboxFirst,
  "container rm": sandboxFirst,
  "container start": sandboxFirst,
  "container stats": sandboxFirst,
  "container stop": sandboxFirst,
  "container unpause": sandboxFirst,
  "container update": sandboxFirst,
  "image history": { same: image },
  "image import": {
    same: [podman, "a root file system comes in as an image, with what is said of it"],
  },
  "image load": { same: image },
  "image ls": { differs: "other columns; `--format` and `--filter` as in docker" },
  "image prune": { differs: "also what interrupted pulls left" },
  "image pull": { differs: "prints the digest; the layers become one root file system" },
  "image push": { differs: "the image goes as one layer" },
  "image rm": { same: image },
  "image save": {
    same: [podman, "what virtc saves podman loads and runs, and the other way round"],
  },
  "image tag": { same: image },
  "network create": { differs: "the drivers are bridge, macvlan and ipvlan of this host" },
  "system df": { differs: "no row for a build cache, there being none" },
  "system events": { differs: "other names of events and fields; `--filter` and `--format`" },
  "system info": { differs: "what is there, and the host; `virtc check` tells what it can do" },
  "system prune": { differs: "no build cache; where no terminal is, it wants `--force`" },
  "volume create": { differs: "the drivers are `folder` and `ext4`, with `--size`" },
  container: { differs: "what starts, stops or changes one container wants its sandbox first" },
  image: { differs: "no builder" },
  network: { differs: "networks of this host alone" },
  system: { differs: "this host alone" },
  volume: { differs: "the drivers are folders and disks of this host" },
};

export const runOptions: Readonly<Record<string, Verdict>> = {
  "add-host": { same: names },
  annotation: { differs: "the same as `--label`" },
  "cap-add": { same: bounds },
  "cap-drop": { same: bounds },
  cgroupns: { differs: "`private` alone: the groups of this host are none of a VM's" },
  cidfile: { same: life },
  "cpu-period": { differs: "of the VM's CPUs" },
  "cpu-quota": { differs: "of the VM's CPUs, which are as many as it asks for" },
  "cpu-shares": { differs: "among the containers of its VM" },
  cpus: vm("the CPUs, 1 by default, and a limit within them"),
  "cpuset-cpus": vm("CPUs, which are as many as it names,"),
  "cpuset-mems": { differs: "a VM has one memory node, 0" },
  detach: { differs: "prints the name: a container has no other id" },
  "detach-keys": {
    same: ["packages/virtc/test/commands/life.test.ts", "takes other keys"],
  },
  dns: { same: names },
  "dns-option": { same: names },
  "dns-search": { same: names },
  entrypoint: {
    same: [
      podman,
      "an empty entry point is none, also of an image; a group given by number is the only one",
    ],
  },
  env: { same: user },
  "env-file": { same: user },
  "group-add": { same: labels },
  "health-cmd": { same: health },
  "health-interval": { same: health },
  "health-retries": { same: health },
  "health-start-interval": { same: checks },
  "health-start-period": { same: checks },
  "health-timeout": { same: checks },
  "no-healthcheck": { same: health },
  help: {
    same: [
      "packages/virtc/test/commands/commands.test.ts",
      "has examples in the help of every command",
    ],
  },
  hostname: { same: user },
  interactive: { same: [cli, "passes standard input on with -i"] },
  ipc: { differs: "`private` alone: a VM shares nothing with this host" },
  ip: { differs: "with several networks it stands in `--network NAME:ip=ADDRESS`" },
  ip6: { differs: "with several networks it stands in `--network NAME:ip6=ADDRESS`" },
  label: { same: labels },
  "label-file": { same: [run, "makes labels, groups and all rights of its options"] },
  "log-driver": { differs: "`json-file` and `local`, which mean the log that `virtc logs` reads" },
  "log-opt": { differs: "`max-size` alone: the log ends there, and is not turned" },
  "mac-address": { differs: "with several networks it stands in `--network NAME:mac=ADDRESS`" },
  memory: vm("memory, 256m by default: the container has it all"),
  "memory-reservation": { differs: "of the VM's memory" },
  "memory-swap": { differs: "checked alone: a VM has no swap" },
  mount: { differs: "also `watchable`; the propagation of mounts ends at the VM" },
  name: { same: [cli, "refuses a name in use and leaves its holder alone"] },
  network: { differs: "no `host`: a VM is no part of this host's network" },
  "network-alias": {
    same: [
      network,
      "two containers of a network find each other by name, and a third one elsewhere does not",
    ],
  },
  "oom-score-adj": { differs: "counts among the processes of the guest" },
  pid: { differs: "`private` alone: a VM shares nothing with this host" },
  "pids-limit": { same: rights },
  platform: { differs: "chooses the image; programs of another architecture are not emulated" },
  privileged: { differs: "all rights in the VM, and none on this host" },
  publish: { same: port },
  "publish-all": {
    same: [
      "packages/virtc/test/commands/run-network.test.ts",
      "publishes what the image exposes with -P, and what -p says as it says",
    ],
  },
  pull: {
    same: [
      "test/registry.test.ts",
      "what skopeo pushed is pulled and runs, as its configuration says",
    ],
  },
  quiet: { differs: "without it the progress is shown on terminals alone" },
  "read-only": { same: bounds },
  rm: { same: [run, "passes output, errors and the exit code through, and removes with --rm"] },
  "security-opt": {
    differs: "`seccomp` and `no-new-privileges`; SELinux and AppArmor don't reach into a VM",
  },
  "shm-size": { differs: "memory of the VM, so less than `--memory`" },
  "sig-proxy": {
    same: [
      "packages/virtc/test/commands/life.test.ts",
      "hands signals on, and without --sig-proxy ends by them",
    ],
  },
  "storage-opt": { differs: "`size` alone, the same as `--scratch`" },
  init: {
    same: [
      "test/container-init.test.ts",
      "with init the command is a child of the first process, which hands signals on and reaps",
    ],
  },
  "stop-signal": { same: attached },
  "stop-timeout": { same: attached },
  sysctl: { same: rights },
  tmpfs: { same: user },
  tty: { same: [cli, "has the size of ours, follows it, and takes Ctrl-C"] },
  ulimit: { same: bounds },
  user: { same: user },
  userns: { differs: "`host` alone: users are those of the VM" },
  uts: { differs: "`private` alone: a VM shares nothing with this host" },
  volume: {
    differs:
      "a folder of the host must be there; `:z` and `:Z` are refused, as SELinux does not reach into a VM",
  },
  workdir: { same: [cli, "sets environment, folder, user and host name"] },
};
