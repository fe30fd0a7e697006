import type { ListingProblem, TemplateSummary } from '../domain/registry.ts';

/** What decides whether a detail that is held still speaks of the same thing. */
export function identityOf({ version, digest }: Pick<TemplateSummary, 'version' | 'digest'>): string {
  return `${version} ${digest ?? ''}`;
}

/** Each name once, the first of it; what of a name decides whether it is still the same is put into `seen`. */
export async function* distinct(
  batches: AsyncIterable<TemplateSummary[]>,
  seen: Map<string, string>,
  onProblem: (problem: ListingProblem) => void,
  registry: string,
): AsyncGenerator<TemplateSummary[]> {
  for await (const batch of batches) {
    const fresh: TemplateSummary[] = [];
    for (const template of batch) {
      if (seen.has(template.name)) {
        onProblem({ subject: template.name, message: `is listed twice by ${registry}; the first counts` });
        continue;
      }
      seen.set(template.name, identityOf(template));
      fresh.push(template);
    }
    if (fresh.length > 0) yield fresh;
  }
}
