import { type ContainerView, containerViews } from './content/containers.ts';
import { imagesOf } from './content/image-pins.ts';
import { contentOf } from './content/objects.ts';
import { missingResources } from './content/validators.ts';
import { textsAt } from './object-fields.ts';
import { badDefaults, badExamples, untypedParameters } from './quality-parameters.ts';
import type { ValidationSubject } from './validation.ts';

/** The points of quality (DESIGN section 9): what a template does for those who run it. Each answers what is missing, in words. */

export interface QualityCheck {
  id: string;
  points: number;
  /** Where it is told: a place in template.yaml. */
  pointer: string;
  /** What is missing; undefined when nothing is, or when the check does not apply to the template. */
  lacks(subject: ValidationSubject): string | undefined;
  recommendation: string;
}

/** Names in one explanation; the rest is a number. */
const MAX_NAMED = 3;
const TEST_FILE = /(^|\/)(tests?|ci)\/[^/]+/i;
const HOOKS = ['helm.sh/hook', 'chandlery.dev/hook'];
const HOOK_TEXT = /["']?helm\.sh\/hook["']?\s*:/;
const RESOURCES_TEXT = /\bresources\s*:/;
const PROBE_TEXT = /\b(readinessProbe|livenessProbe)\s*:/;

export const QUALITY_CHECKS: readonly QualityCheck[] = [
  {
    id: 'parameters-typed',
    points: 20,
    pointer: '/spec/parameters',
    lacks: ({ manifest }) => listed(untypedParameters(manifest.spec.parameters), 'has no type or no description'),
    recommendation: 'Give each parameter a type and a description in its schema.',
  },
  {
    id: 'examples-validate',
    points: 15,
    pointer: '/spec/parameters',
    lacks: ({ manifest }) => listed(badExamples(manifest), 'shows no value that fits its schema'),
    recommendation: 'Give each parameter a default, a list of choices, or `examples` that its schema allows.',
  },
  {
    id: 'requests-and-limits',
    points: 15,
    pointer: '/spec/workload',
    lacks: (subject) =>
      chartLacks(subject, RESOURCES_TEXT, 'no template of the chart sets resources') ??
      ofContainers(
        subject,
        (container) => missingResources(container).length > 0,
        'lacks requests of CPU and memory, or a limit of memory',
      ),
    recommendation: 'Choose a size, or give resources.requests (cpu, memory) and resources.limits (memory).',
  },
  {
    id: 'probes',
    points: 15,
    pointer: '/spec/workload',
    lacks: (subject) =>
      chartLacks(subject, PROBE_TEXT, 'no template of the chart sets a probe') ??
      ofContainers(subject, ({ longRunning, probed }) => longRunning && !probed, 'has neither a readiness nor a liveness probe'),
    recommendation: 'Add probes.readiness.',
  },
  {
    id: 'images-pinned',
    points: 15,
    pointer: '/spec/images',
    lacks: (subject) => {
      const images = imagesOf(subject, containerViews(subject, contentOf(subject)));
      if (images.length === 0 && subject.manifest.spec.type === 'helm')
        return 'the images of the chart are not named in spec.images';
      return listed(
        images.filter(({ pin }) => pin !== 'digest').map(({ reference }) => reference),
        'has no digest',
      );
    },
    recommendation: 'Name the digest of each image.',
  },
  {
    id: 'upgrade-path',
    points: 10,
    pointer: '/spec',
    lacks: (subject) =>
      hasUpgradePath(subject) ? undefined : 'there are neither tests nor hooks, so nobody knows that an upgrade works',
    recommendation: 'Put tests into tests/, or hooks that run at an upgrade.',
  },
  {
    id: 'sane-defaults',
    points: 10,
    pointer: '/spec/parameters',
    lacks: ({ manifest }) =>
      listed(badDefaults(manifest.spec.parameters), 'has a default that does not fit, or that everybody knows'),
    recommendation: 'Let defaults fit their schema, and let passwords be generated (x-chandlery: {generated: password}).',
  },
];

function listed(names: readonly string[], what: string): string | undefined {
  if (names.length === 0) return undefined;
  const more = names.length > MAX_NAMED ? ` (and ${names.length - MAX_NAMED} more)` : '';
  return `${names.slice(0, MAX_NAMED).join(', ')}${more} ${what}`;
}

function ofContainers(
  subject: ValidationSubject,
  lacks: (container: ContainerView) => boolean,
  what: string,
): string | undefined {
  const containers = containerViews(subject, contentOf(subject)).filter(lacks);
  return listed(
    containers.map(({ title }) => title),
    what,
  );
}

/** A chart is text until it is rendered: that nothing in it so much as speaks of a thing is all that can be told. */
function chartLacks(subject: ValidationSubject, speaksOf: RegExp, why: string): string | undefined {
  const { unrendered } = contentOf(subject);
  if (unrendered.length === 0 || unrendered.some(({ text = '' }) => speaksOf.test(text))) return undefined;
  return unrendered.some(({ text = '' }) => /\bcontainers\s*:/.test(text)) ? why : undefined;
}

/** A pack keeps nothing that an upgrade could break, and a stack is upgraded by the templates it is made of. */
function hasUpgradePath(subject: ValidationSubject): boolean {
  const { type } = subject.manifest.spec;
  if (type === 'pack' || type === 'stack') return true;
  if (subject.paths.some((path) => TEST_FILE.test(path))) return true;
  const { objects, unrendered } = contentOf(subject);
  if (unrendered.some(({ text = '' }) => HOOK_TEXT.test(text))) return true;
  return objects.some(({ value }) => HOOKS.some((hook) => Object.hasOwn(textsAt(value, 'metadata', 'annotations'), hook)));
}
