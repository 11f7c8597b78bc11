import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files below these start engines, servers and SDKs. */
const STARTS_PROCESSES = /\/test\/(main|ingest|jobs|store|api|eval|adapters|torture|demo|gates)\//;

/**
 * The order of the first run of a checkout, of which nobody knows what takes long: files that wait for processes, then
 * those that compute. A long one that begins last would leave the other workers idle. Later runs go by what was measured.
 */
export class ProcessesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    if (files.some((file) => this.ctx.cache.getTestSpecificationResult(file) !== undefined)) return sorted;
    const waits = ({ moduleId }: TestSpecification) => STARTS_PROCESSES.test(moduleId);
    return [...sorted.filter(waits), ...sorted.filter((file) => !waits(file))];
  }
}
