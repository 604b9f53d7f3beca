import { join } from "node:path";

/** A key and a certificate for it that nobody has signed. */
export interface Certificate {
  key: string;
  cert: string;
  /** What openssl is called with to make both. */
  args: string[];
}

export function certificateIn(folder: string): Certificate {
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const made = ["-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=test"];
  return { key, cert, args: ["req", "-x509", ...kind, ...made] };
}
