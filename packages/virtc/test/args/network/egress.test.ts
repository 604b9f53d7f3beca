import { describe, expect, it } from "vitest";
import { parseEgress } from "../../../src/args/network/egress.ts";

describe("--egress", () => {
  it("makes one policy of its texts", () => {
    const texts = [
      "default:allow",
      "allow:example.com:443",
      "deny:10.0.0.0/8",
      "deny:[fd00::]/8:22",
    ];
    expect(parseEgress(texts)).toEqual({
      default: "allow",
      allow: ["example.com:443"],
      deny: ["10.0.0.0/8", "[fd00::]/8:22"],
    });
    expect(parseEgress([])).toBeUndefined();
    expect(parseEgress(["default:deny"])).toEqual({ default: "deny" });
  });

  it.each([
    [["example.com"], "it must begin with allow:, deny: or default:"],
    [["allow:"], "it must begin with allow:, deny: or default:"],
    [["default:maybe"], "it must be default:allow or default:deny"],
    [["default:deny", "default:allow"], "the default is deny already"],
  ])("%j is refused", (texts, why) => {
    expect(() => parseEgress(texts)).toThrow(why);
  });
});
