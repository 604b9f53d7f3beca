import { appendFileSync } from "node:fs";
import type { Reporter, TestCase } from "vitest/node";

/** Notes the tests that passed only when they were run again, in the file that VIRTC_SECOND_TRY names. */
export default class SecondTry implements Reporter {
  onTestCaseResult(test: TestCase): void {
    const path = process.env.VIRTC_SECOND_TRY;
    if (path === undefined || test.diagnostic()?.flaky !== true) return;
    appendFileSync(path, `${test.module.relativeModuleId} > ${test.fullName}\n`);
  }
}
