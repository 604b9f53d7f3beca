/** How full a volume is, and how it is. */
export interface VolumeStats {
  usage: VolumeUsage[];
  /** undefined: the guest does not say. */
  condition: { abnormal: boolean; message: string } | undefined;
}

export interface VolumeUsage {
  available: number;
  total: number;
  used: number;
  unit: "bytes" | "inodes" | "unknown";
}
