const NUMBERS = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalid_argument: 3,
  deadline_exceeded: 4,
  not_found: 5,
  already_exists: 6,
  permission_denied: 7,
  resource_exhausted: 8,
  failed_precondition: 9,
  aborted: 10,
  out_of_range: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  data_loss: 15,
  unauthenticated: 16,
} as const;

/** The status codes of gRPC, which ttRPC shares; https://grpc.io/docs/guides/status-codes/ */
export type StatusCode = keyof typeof NUMBERS;

const CODES = new Map<number, StatusCode>(
  (Object.keys(NUMBERS) as StatusCode[]).map((code) => [NUMBERS[code], code]),
);

export function statusNumber(code: StatusCode): number {
  return NUMBERS[code];
}

/** A number that no version of the protocol knows becomes `unknown`. */
export function statusCode(number: number): StatusCode {
  return CODES.get(number) ?? "unknown";
}
