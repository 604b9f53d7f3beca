/** Why a command of docker's is not here, and what to use. */
export const missingCommands: Readonly<Record<string, string>> = {
  build:
    "There is no builder: build with docker or buildah, then `docker save app:1 | virtc load`.",
  builder:
    "There is no builder: build with docker or buildah, then `docker save app:1 | virtc load`.",
  buildx:
    "There is no builder: build with docker or buildah, then `docker save app:1 | virtc load`.",
  checkpoint: "A process can't be checkpointed; `virtc pause` halts a container where it is.",
  compose: "One container is run at a time: `virtc run --network NAME` for each of them.",
  config: "There is no swarm; mount a file: `-v ./app.conf:/etc/app.conf:ro`.",
  context: "Containers run on this host alone.",
  diff: "What is changed of an image is not listed; `virtc export NAME | tar -t` lists all files.",
  manifest: "Lists of manifests are made by other tools, such as `skopeo` and `buildah manifest`.",
  node: "There is no swarm: one machine, no daemon.",
  plugin: "There is no daemon that plugins could be of; networks take plugins of CNI.",
  rename:
    "A name is part of the paths of a container's VM: `virtc commit NAME app`, then `virtc create --name NEW app`.",
  search: "Docker Hub is searched on its page, https://hub.docker.com; then `virtc pull`.",
  secret: "There is no swarm; mount a file: `-v ./secret:/run/secret:ro`.",
  service: "There is no swarm: one machine, no daemon.",
  stack: "There is no swarm: one machine, no daemon.",
  swarm: "There is no swarm: one machine, no daemon.",
  trust: "Signatures are not looked at; pull by digest: `virtc pull app@sha256:...`.",
};

const blockIo =
  "disks of this host are none of a VM's; what a container writes goes to memory, to --scratch or to a volume";
const ioWeight = "the guest's disks have no scheduler that weighs; --cpu-shares weighs CPU time";
const windows = "it is of Windows";
const device =
  "devices of this host can't be given to a VM yet; --privileged opens those of the VM";
const realtime = "the guest's kernel has no real-time groups";

/** Why an option of `docker run` is not here, and what to use. */
export const missingRunOptions: Readonly<Record<string, string>> = {
  attach:
    "output and errors are always attached without -d; leave out the one not wanted: `2>/dev/null`",
  "blkio-weight": ioWeight,
  "blkio-weight-device": ioWeight,
  "cgroup-parent":
    "the container's cgroup is in the guest; the VM's is limited by --cpus and --memory",
  "cpu-count": windows,
  "cpu-percent": windows,
  "cpu-rt-period": realtime,
  "cpu-rt-runtime": realtime,
  device,
  "device-cgroup-rule": device,
  "device-read-bps": blockIo,
  "device-read-iops": blockIo,
  "device-write-bps": blockIo,
  "device-write-iops": blockIo,
  "disable-content-trust": "signatures are not looked at; pull by digest",
  domainname: "it is of NIS; write the whole name: --hostname web.example.org",
  expose: "networks are not closed by ports; publish one with --publish",
  gpus: device,
  "io-maxbandwidth": windows,
  "io-maxiops": windows,
  isolation: windows,
  "kernel-memory": "cgroup v2 does not know it; --memory counts all",
  link: "containers of one network find each other by name: --network NAME",
  "link-local-ip": "a link has its own; give addresses with --ip and --ip6",
  "memory-swappiness": "the guest has no swap",
  "oom-kill-disable": "cgroup v2 does not know it; --oom-score-adj says whom the kernel kills last",
  runtime: "the runtime is the VM; --hypervisor and --kernel choose it",
  "use-api-socket": "there is no daemon, so there is no socket of one",
  "volume-driver": "`virtc volume create --driver` makes a volume; name it in --volume",
  "volumes-from": "name the volumes once more: `-v NAME:PATH`",
};
