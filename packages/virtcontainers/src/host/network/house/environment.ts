/** Marks the processes of one house. */
export const markVariable = "VIRTCONTAINERS_NETWORKS";

/** Where what is known of it is, should that be lost. */
export const folderVariable = "VIRTCONTAINERS_NETWORKS_FOLDER";

/** What the processes of a house are started with. */
export function houseEnvironment(marker: string, folder: string): Record<string, string> {
  return {
    [markVariable]: marker,
    [folderVariable]: folder,
    PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
    LC_ALL: "C",
  };
}
