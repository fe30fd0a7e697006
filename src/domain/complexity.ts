import { contentOf } from './content/objects.ts';
import { declaredParameters } from './parameters/schema.ts';
import type { Complexity, ValidationSubject } from './validation.ts';

/** How much there is to understand in a template. Told beside the score, and not part of it: much is not bad. */

export interface ComplexityReport {
  complexity: Complexity;
  /** Templates that it is made of or needs. */
  components: number;
  parameters: number;
  /** Kubernetes objects in its files; a workload counts as one. */
  objects: number;
}

/** As many as a person reads in one sitting; the largest of the three decides. */
const SIMPLE = { components: 1, parameters: 8, objects: 5 } as const;
/** More than these, and somebody has to learn it. */
const MODERATE = { components: 5, parameters: 25, objects: 25 } as const;

/** simple, moderate or complex, with the counts it comes from. */
export function complexityOf(subject: ValidationSubject): ComplexityReport {
  const { manifest } = subject;
  const { components = [], dependencies = [], parameters, workload } = manifest.spec;
  const { objects, unrendered } = contentOf(subject);
  const counts = {
    components: components.length + dependencies.length,
    parameters: Object.keys(declaredParameters(parameters)).length,
    objects: objects.length + unrendered.length + (workload === undefined ? 0 : 1),
  };
  return { complexity: within(counts, SIMPLE) ? 'simple' : within(counts, MODERATE) ? 'moderate' : 'complex', ...counts };
}

type Counts = Readonly<Record<'components' | 'parameters' | 'objects', number>>;

function within(counts: Counts, most: Counts): boolean {
  return counts.components <= most.components && counts.parameters <= most.parameters && counts.objects <= most.objects;
}
