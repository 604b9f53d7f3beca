/** Where a container finds the program that does nothing but wait and reap; on its /dev, so any image will do. */
export const waiterPath = "/dev/.virtcontainers-init";

/** That program's place in the guest's root, bound into the container. */
export const waiterMount = {
  destination: waiterPath,
  type: "bind",
  source: "/usr/lib/virtcontainers/container-init",
  options: ["bind", "ro", "nosuid", "nodev"],
};
