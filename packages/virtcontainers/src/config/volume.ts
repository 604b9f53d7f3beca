import * as v from "valibot";

/** How a volume is kept: a folder that guests share with the host, or a disk of its own. */
export const VolumeDriver = v.picklist(["folder", "ext4"], "it must be folder or ext4");
export type VolumeDriver = v.InferOutput<typeof VolumeDriver>;
