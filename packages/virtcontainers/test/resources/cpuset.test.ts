import { describe, expect, test } from "vitest";
import { formatCpuset, parseCpuset, uniteCpusets } from "../../src/resources/cpuset.ts";

describe("a cpuset", () => {
  test.each([
    ["", []],
    ["0", [0]],
    ["5", [5]],
    ["1,2,3,4,5", [1, 2, 3, 4, 5]],
    ["1-5", [1, 2, 3, 4, 5]],
    ["1-2,3-5", [1, 2, 3, 4, 5]],
    ["5,4,3,2,1", [1, 2, 3, 4, 5]],
    ["3-6,1-5", [1, 2, 3, 4, 5, 6]],
    ["3-3,5-5", [3, 5]],
    [" 0-1 , 4", [0, 1, 4]],
    ["1023", [1023]],
  ])("%j is %j", (text, cpus) => {
    expect(parseCpuset(text)).toEqual(cpus);
  });

  test.each(["a", "1-", "-1", "1--2", "2-1", "1,,2", ",", "0x1", "1.5", "1024", "0-1024", "1;2"])(
    "%j is none",
    (text) => {
      expect(() => parseCpuset(text, "resources.cpu.cpus")).toThrow(
        expect.objectContaining({ code: "INVALID_ARGUMENT", field: "resources.cpu.cpus" }),
      );
    },
  );

  test("is written as short as it can be, and united", () => {
    expect(formatCpuset([3, 0, 1, 2, 7, 7])).toBe("0-3,7");
    expect(formatCpuset([])).toBe("");
    expect(uniteCpusets(["0-1", "", "1-2,9"])).toBe("0-2,9");
  });
});
