import { errnoError } from "./errno.ts";
import { loadKoffi } from "./koffi.ts";

export type Call = (...args: unknown[]) => number;

interface Binder {
  /** A function that throws errno as an error. */
  bind(syscall: string, prototype: string): Call;
  /** sendmsg(2), whose argument is a structure, as a function that throws errno as an error. */
  bindSendmsg(): Call;
}

/** What binds functions of the C library. HOST_REQUIREMENT if the bindings can't be loaded. */
export function binder(): Binder {
  const koffi = loadKoffi();
  const library = koffi.load(null);
  const checked =
    (syscall: string, call: (...args: unknown[]) => unknown): Call =>
    (...args) => {
      const result = call(...args);
      if (typeof result !== "number" || result < 0) throw errnoError(koffi.errno(), syscall);
      return result;
    };
  return {
    bind: (syscall, prototype) => checked(syscall, library.func(prototype)),
    bindSendmsg: () => {
      // Without names, since those would be known to the whole process.
      const part = koffi.struct({ base: "const uint8_t *", length: "size_t" });
      const message = koffi.struct({
        name: "void *",
        nameLength: "uint32_t",
        parts: koffi.pointer(part),
        partCount: "size_t",
        control: "const uint8_t *",
        controlLength: "size_t",
        flags: "int",
      });
      const types = ["int", koffi.pointer(message), "int"];
      return checked("sendmsg", library.func("sendmsg", "long", types));
    },
  };
}
