import { createRequire } from 'node:module';
import { lintSource } from '@secretlint/core';
import { secretLintProfiler } from '@secretlint/profiler';
import { rules } from '@secretlint/secretlint-rule-preset-recommend';
import { isPlaceholder, type SecretHit } from '../../domain/secrets/rule.ts';
import type { SecretLinter } from '../../domain/secrets/validator.ts';

// It keeps every mark of every rule of every file for ever, and looks through all of them at each new one: a server would slow down with each scan.
secretLintProfiler.mark = () => undefined;

/**
 * Rules that let a file switch rules off. The archive's author is the one who is looked at, so only our own comment counts: it is for one line, and
 * is seen in a review.
 */
const SWITCHED_OFF = new Set(['@secretlint/secretlint-rule-filter-comments']);
const PREFIX = '@secretlint/secretlint-rule-';

/** Rules for which a leaked value lets a stranger act at once, without knowing anything more. */
const CRITICAL = new Set([
  'aws',
  'gcp',
  'privatekey',
  'npm',
  'slack',
  'github',
  'gitlab',
  'sendgrid',
  'shopify',
  'openai',
  'anthropic',
]);

const CONFIG = {
  rules: rules.filter(({ meta }) => !SWITCHED_OFF.has(meta.id)).map((rule) => ({ id: rule.meta.id, rule: rule as never })),
};

/** The rules of secretlint's recommended preset, run in this process. Its messages quote what they found, so only the rule's name is passed on. */
export const secretlint: SecretLinter = {
  id: 'secretlint',
  version: versionOf('@secretlint/secretlint-rule-preset-recommend'),
  async lint(path, text): Promise<SecretHit[]> {
    const extension = /\.[^./]*$/.exec(path)?.[0] ?? '';
    const { messages } = await lintSource({
      source: { filePath: path, content: text, contentType: 'text', ext: extension },
      options: { locale: 'en', maskSecrets: true, noPhysicFilePath: true, config: CONFIG },
    });
    return messages
      .filter(({ range: [from, to] }) => !isPlaceholder(text.slice(from, to)))
      .map(({ ruleId, messageId, loc }) => {
        const rule = ruleId.startsWith(PREFIX) ? ruleId.slice(PREFIX.length) : ruleId;
        return {
          rule: `secretlint-${rule}`,
          severity: CRITICAL.has(rule) ? ('critical' as const) : ('high' as const),
          line: loc.start.line,
          what: `a secret (${rule}: ${messageId})`,
        };
      });
  },
};

function versionOf(name: string): string {
  const { version } = createRequire(import.meta.url)(`${name}/package.json`) as { version: string };
  return version;
}
