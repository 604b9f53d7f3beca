import { appendFileSync } from "node:fs";
import type { Reporter, TestCase } from "vitest/node";

/** Notes the tests that passed only when they were run again, with what failed before, in the file that VIRTC_SECOND_TRY names. */
export default class SecondTry implements Reporter {
  onTestCaseResult(test: TestCase): void {
    const path = process.env.VIRTC_SECOND_TRY;
    if (path === undefined || test.diagnostic()?.flaky !== true) return;
    const [first] = test.result().errors ?? [];
    const why = first === undefined ? "" : `: ${first.message.split("\n", 1)[0]}`;
    appendFileSync(path, `${test.module.relativeModuleId} > ${test.fullName}${why}\n`);
  }
}
