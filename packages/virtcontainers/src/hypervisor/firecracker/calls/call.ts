/** One write to Firecracker's API, as data. */
export interface ApiCall {
  readonly method: "PUT" | "PATCH";
  readonly path: string;
  readonly body: object;
}
