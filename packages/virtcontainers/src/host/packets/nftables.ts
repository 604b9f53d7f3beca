import { VirtError } from "../../errors.ts";
import { loadKoffi } from "../koffi.ts";

/** nftables of the namespace that this thread is in, spoken with by one socket: a table with `flags owner` is its. */
export interface Nftables {
  /** Runs commands as one transaction. HOST_FAILED if one of them is refused: then none of them was done. */
  run(commands: string): void;
  /** Runs commands that list something, and gives what they print as JSON. */
  list(commands: string): string;
}

const outputJson = 1 << 4;

/** libnftables(3). HOST_REQUIREMENT if it is not installed. */
export function openNftables(): Nftables {
  const koffi = loadKoffi();
  const library = open(koffi);
  const create = library.func("void *nft_ctx_new(uint32_t flags)");
  const bufferError = library.func("int nft_ctx_buffer_error(void *context)");
  const bufferOutput = library.func("int nft_ctx_buffer_output(void *context)");
  const errorText = library.func("const char *nft_ctx_get_error_buffer(void *context)");
  const outputText = library.func("const char *nft_ctx_get_output_buffer(void *context)");
  const setFlags = library.func("void nft_ctx_output_set_flags(void *context, uint flags)");
  const run = library.func("int nft_run_cmd_from_buffer(void *context, const char *commands)");
  const context = create(0);
  bufferError(context);
  bufferOutput(context);
  const runChecked = (commands: string): string => {
    if (run(context, commands) === 0) return String(outputText(context) ?? "");
    const said = String(errorText(context) ?? "")
      .split("\n")
      .slice(0, 3)
      .join(" ");
    throw new VirtError("HOST_FAILED", `nftables refused a change of its rules: ${said}`);
  };
  return {
    run: (commands) => void runChecked(commands),
    list: (commands) => {
      setFlags(context, outputJson);
      try {
        return runChecked(commands);
      } finally {
        setFlags(context, 0);
      }
    },
  };
}

function open(koffi: typeof import("koffi")): ReturnType<typeof import("koffi").load> {
  try {
    return koffi.load("libnftables.so.1");
  } catch (cause) {
    throw new VirtError(
      "HOST_REQUIREMENT",
      "libnftables, which an egress policy needs, is missing",
      {
        cause,
        hint: "Install nftables 1.0 or newer; Debian: sudo apt install nftables.",
      },
    );
  }
}
