import type { Decision, DecisionRule } from '../domain/policy/decision.ts';
import { oneLine } from './text.ts';

const WORDS: Readonly<Record<DecisionRule['verdict'], string>> = {
  denied: 'denied',
  waived: 'waived',
  noted: 'noted',
  passed: 'passed',
  'not-asked': 'not asked',
};
const WIDTH = Math.max(...Object.values(WORDS).map(({ length }) => length));

/** Why a template was let in or not: a line for each rule, with its input below it where it says something. */
export function decisionLines({ allowed, at, policies, rules, more }: Decision): string[] {
  return [
    `${allowed ? 'let in' : 'refused'} on ${at} by the policies ${policies}`,
    ...rules.flatMap(ruleLines),
    ...(more > 0 ? [`and ${more} more that did not deny`] : []),
  ];
}

function ruleLines({ rule, verdict, input, why, severity, waiver }: DecisionRule): string[] {
  const facts = Object.entries(input).map(
    ([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const indent = ' '.repeat(WIDTH + 2);
  return [
    `${WORDS[verdict].padEnd(WIDTH)}  ${rule}${severity ? ` (${severity})` : ''}: ${oneLine(why)}`,
    ...(facts.length > 0 ? [`${indent}${oneLine(facts.join(', '))}`] : []),
    ...(waiver ? [`${indent}${oneLine(`waived by ${waiver.owner} until ${waiver.expires}: ${waiver.reason}`)}`] : []),
  ];
}
