import { textForm } from '../parameters/secret-entries.ts';
import { literal } from './literal.ts';
import { secretKeyFor } from './parameter-scope.ts';
import { defined, nameOf, type WorkloadContext } from './workload-context.ts';
import type { EnvEntry, KeyRef } from './workload-spec.ts';

function fromKey({ name, key, optional }: KeyRef): Record<string, unknown> {
  return defined({ name, key, optional });
}

/** Undefined for a variable whose parameter has no value: it is then not set at all. */
function sourceOf(context: WorkloadContext, entry: EnvEntry): Record<string, unknown> | undefined {
  const { name, value, secretRef, configRef, parameter } = entry;
  if (secretRef !== undefined) return { name, valueFrom: { secretKeyRef: fromKey(secretRef) } };
  if (configRef !== undefined) return { name, valueFrom: { configMapKeyRef: fromKey(configRef) } };
  if (parameter === undefined) return { name, value };
  const binding = context.scope.find(parameter);
  if (binding?.kind !== 'secret')
    return binding?.value === undefined ? undefined : { name, value: literal(textForm(binding.value)) };
  if (!binding.parameter.present) return undefined;
  const key = secretKeyFor(binding.parameter, name);
  context.secretKeys.add(key);
  return { name, valueFrom: { secretKeyRef: { name: nameOf(context), key } } };
}

/** The container's variables. Of two with one name the later one counts: Kubernetes would take it, but server-side apply refuses both. */
export function envOf(context: WorkloadContext): Array<Record<string, unknown>> | undefined {
  const byName = new Map<string, Record<string, unknown>>();
  for (const entry of context.spec.env ?? []) {
    const source = sourceOf(context, entry);
    if (source === undefined) continue;
    byName.delete(entry.name);
    byName.set(entry.name, source);
  }
  return byName.size === 0 ? undefined : [...byName.values()];
}
