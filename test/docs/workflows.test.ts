import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../../src/config.ts';
import { ERROR_CATALOGUE, isErrorCode } from '../../src/domain/errors.ts';
import type { OperationKind } from '../../src/domain/operation.ts';
import { STEPS } from '../../src/domain/operation.ts';
import { activityOptions } from '../../workflows/activity-options.ts';
import { codeWords, readPage, sectionOf, tableRows } from './support/pages.ts';

const { limits } = readConfig({});
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const words = (ms: unknown) => {
  const time = Number(ms);
  if (time > HOUR) return `${time / HOUR} h`;
  return time >= MINUTE ? `${time / MINUTE} min` : `${time / 1_000} s`;
};
/** Steps that are operations of their own: their times are on their own pages. */
const CHILDREN: Partial<Record<OperationKind, readonly string[]>> = {
  deploy: ['install', 'dependencies'],
  upgrade: ['install', 'dependencies'],
  destroy: ['dependencies'],
};
const activityOf = (step: string) =>
  step.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()) as Parameters<typeof activityOptions>[0];

describe.each(Object.keys(STEPS) as OperationKind[])('docs/workflows/%s.md', (kind) => {
  const text = readPage(`docs/workflows/${kind}.md`);
  const steps: readonly string[] = STEPS[kind];

  it('has a section for each step, in order', () => {
    expect([...text.matchAll(/^## (\d+)\. (.+)$/gm)].map(([, number, name]) => `${number} ${name}`)).toEqual(
      steps.map((step, at) => `${at + 1} ${step}`),
    );
  });

  it('states the times the code has', () => {
    const table = tableRows(text).slice(1);
    expect(table).toEqual(
      steps.map((step) => {
        if (CHILDREN[kind]?.includes(step)) return [step, 'a child operation', '', ''];
        const { startToCloseTimeout, scheduleToCloseTimeout, retry } = activityOptions(activityOf(step), limits);
        return [step, words(startToCloseTimeout), words(scheduleToCloseTimeout), words(retry?.maximumInterval)];
      }),
    );
  });

  it.each([...steps.entries()])('step %i %s says what it does, its undo, and how it fails', (at, step) => {
    const section = sectionOf(text, `## ${at + 1}. ${step}`);
    for (const word of ['Does', 'Undo', 'Fails']) expect(section).toContain(`- **${word}**:`);
    const fails = section.slice(section.indexOf('- **Fails**:'));
    const [final = '', retried = ''] = fails.split('; retried');
    expect(codeWords(final).filter(isErrorCode).filter(isRetried)).toEqual([]);
    expect(codeWords(retried).filter((code) => !isErrorCode(code) || !isRetried(code))).toEqual([]);
    expect(codeWords(fails).filter((code) => /_/.test(code) && !isErrorCode(code))).toEqual([]);
  });
});

describe('docs/workflows/install.md', () => {
  it('states the limits that hold by default', () => {
    const text = readPage('docs/workflows/install.md');
    expect(text).toContain(`gives up after ${limits.stepAttempts} failures`);
    expect(text).toContain(`after ${limits.retryInitialMs / 1_000} s, 2 s, 4 s`);
    expect(text).toContain(`The whole operation has ${limits.operationMs / (60 * MINUTE)} hour;`);
  });
});

describe('docs/workflows/deploy.md', () => {
  it('states the limit that holds by default', () => {
    const { operationMs } = readConfig({}).deployLimits;
    expect(readPage('docs/workflows/deploy.md')).toContain(`The whole operation has ${operationMs / MINUTE} minutes;`);
  });
});

function isRetried(code: string): boolean {
  return isErrorCode(code) && 'retryable' in ERROR_CATALOGUE[code];
}
