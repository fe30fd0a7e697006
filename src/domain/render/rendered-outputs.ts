import type { TemplateOutput } from '../template.ts';
import { templateFault } from './fault.ts';
import type { ParameterScope } from './parameter-scope.ts';
import { type SubstitutionRules, substitute } from './substitute.ts';

/** Members of an output that may hold parameters. */
const WRITTEN = ['value', 'port', 'path', 'secretName'] as const;

const RULES: SubstitutionRules = {
  insteadOfSecrets: 'an output of a secret is `from: secret`, with its key',
  isText: (pointer) => !pointer.endsWith('/port'),
  isExpanded: () => false,
  fault: templateFault,
};

/**
 * The outputs with parameters put in; a `value` whose parameter has no value is left out. `secretFor` names the Secret that has a key, for an
 * output that does not say which. Fails with template_invalid, for one thing when a `value` would show a secret.
 */
export function outputsWith(
  outputs: readonly TemplateOutput[],
  scope: ParameterScope,
  secretFor: (key: string, pointer: string) => string,
): TemplateOutput[] {
  return outputs.flatMap((output, index) => {
    const pointer = `/spec/outputs/${index}`;
    const written = Object.fromEntries(WRITTEN.flatMap((key) => (output[key] === undefined ? [] : [[key, output[key]]])));
    const { value } = substitute(written, pointer, scope, RULES);
    const rest = Object.fromEntries(Object.entries(output).filter(([key]) => !(WRITTEN as readonly string[]).includes(key)));
    const done = { ...rest, ...(value as object) } as TemplateOutput;
    if (done.from === 'value' && done.value === undefined) return [];
    if (done.from !== 'secret' || done.secretName !== undefined) return [done];
    return [{ ...done, secretName: secretFor(done.key ?? '', `${pointer}/key`) }];
  });
}
