import { parseLicence } from './licences/expression.ts';
import type { ValidationSubject } from './validation.ts';

/** What a template should say of itself, each with its points (DESIGN section 9: documentation and metadata). */

export type CompletenessPart = 'documentation' | 'metadata';

interface Check {
  id: string;
  part: CompletenessPart;
  points: number;
  /** Where its absence is told: a place in template.yaml. */
  pointer: string;
  /** A check that does not apply to a template holds for it. */
  holds(subject: ValidationSubject): boolean;
  explanation: string;
  recommendation: string;
}

/** A shorter one says nothing, a longer one fits no list. Characters. */
const DESCRIPTION = { least: 20, most: 300 } as const;
const MIN_TAGS = 2;

/** Fenced, or indented by four after an empty line. */
const CODE_BLOCK = /^\s{0,3}(```|~~~)|^[ \t]*\n(?: {4}|\t)\S/m;
const UPGRADE_HEADING = /^#{1,6}\s.*\b(upgrad|migrat|changelog|what.?s new|release notes|breaking)/im;
const UPGRADE_FILE = /^(changelog|changes|upgrad(e|ing)|migration|release[-_]?notes)(\.[a-z]+)?$/i;

export const COMPLETENESS_CHECKS: readonly Check[] = [
  {
    id: 'readme',
    part: 'documentation',
    points: 30,
    pointer: '/metadata',
    holds: ({ readme }) => readme !== undefined && readme.text.trim() !== '',
    explanation: 'there is no readme',
    recommendation: 'Put a README.md beside the manifest, or name another file in metadata.readme.',
  },
  {
    id: 'usage-example',
    part: 'documentation',
    points: 20,
    pointer: '/metadata',
    holds: ({ readme, manifest }) => CODE_BLOCK.test(readme?.text ?? '') || (manifest.spec.examples ?? []).length > 0,
    explanation: 'nothing shows how it is used',
    recommendation: 'Show one use in a code block of the readme.',
  },
  {
    id: 'parameters-documented',
    part: 'documentation',
    points: 20,
    pointer: '/spec/parameters',
    holds: ({ manifest }) => undescribed(manifest.spec.parameters).length === 0,
    explanation: 'a parameter has no description',
    recommendation: 'Describe each parameter in its schema.',
  },
  {
    id: 'upgrade-notes',
    part: 'documentation',
    points: 15,
    pointer: '/metadata',
    holds: ({ readme, paths }) => UPGRADE_HEADING.test(readme?.text ?? '') || paths.some((path) => UPGRADE_FILE.test(path)),
    explanation: 'nothing tells how to come from an older version',
    recommendation: 'Add a section on upgrading to the readme, or a CHANGELOG.md.',
  },
  {
    id: 'outputs-described',
    part: 'documentation',
    points: 15,
    pointer: '/spec/outputs',
    holds: ({ manifest }) => (manifest.spec.outputs ?? []).every(({ description }) => isText(description)),
    explanation: 'an output has no description',
    recommendation: 'Describe each output.',
  },
  {
    id: 'name-and-version',
    part: 'metadata',
    points: 20,
    pointer: '/metadata/name',
    // The format demands both, and what does not fit it never comes here.
    holds: () => true,
    explanation: 'name or version is missing',
    recommendation: 'Give both.',
  },
  {
    id: 'description-length',
    part: 'metadata',
    points: 15,
    pointer: '/metadata/description',
    holds: ({ manifest }) => {
      const { length } = manifest.metadata.description.trim();
      return length >= DESCRIPTION.least && length <= DESCRIPTION.most;
    },
    explanation: `the description is not ${DESCRIPTION.least} to ${DESCRIPTION.most} characters long`,
    recommendation: 'Say in one or two sentences what it is and for whom.',
  },
  {
    id: 'license',
    part: 'metadata',
    points: 15,
    pointer: '/metadata',
    holds: ({ manifest }) => parseLicence(manifest.metadata.license ?? '') !== undefined,
    explanation: 'no licence is named that SPDX knows',
    recommendation: 'Name it in metadata.license as an SPDX expression, such as Apache-2.0.',
  },
  {
    id: 'maintainer',
    part: 'metadata',
    points: 15,
    pointer: '/metadata',
    holds: ({ manifest }) => (manifest.metadata.maintainers ?? []).some(({ email, url }) => isText(email) || isText(url)),
    explanation: 'no maintainer can be reached',
    recommendation: 'Name one in metadata.maintainers, with an email address or a URL.',
  },
  {
    id: 'category',
    part: 'metadata',
    points: 10,
    pointer: '/metadata',
    holds: ({ manifest }) => isText(manifest.metadata.category),
    explanation: 'it has no category',
    recommendation: 'Choose one of those in use: GET /api/v1/categories.',
  },
  {
    id: 'tags',
    part: 'metadata',
    points: 10,
    pointer: '/metadata',
    holds: ({ manifest }) => (manifest.metadata.tags ?? []).length >= MIN_TAGS,
    explanation: 'it has fewer than two tags',
    recommendation: 'Add the words people will search for.',
  },
  {
    id: 'icon',
    part: 'metadata',
    points: 5,
    pointer: '/metadata',
    holds: ({ manifest }) => isText(manifest.metadata.icon),
    explanation: 'it has no icon',
    recommendation: 'Name one in metadata.icon.',
  },
  {
    id: 'homepage',
    part: 'metadata',
    points: 5,
    pointer: '/metadata',
    holds: ({ manifest }) => isText(manifest.metadata.homepage),
    explanation: 'it has no homepage',
    recommendation: 'Name one in metadata.homepage.',
  },
  {
    id: 'badges-hold',
    part: 'metadata',
    points: 5,
    pointer: '/marketplace',
    // What the archive says of its own standing is nobody's word but its author's.
    holds: ({ manifest }) => Object.keys(manifest.marketplace ?? {}).length === 0,
    explanation: 'it claims what only a registry can say (marketplace)',
    recommendation: 'Leave `marketplace` out: registries fill it in.',
  },
];

function undescribed(parameters: Record<string, unknown> | undefined): string[] {
  const properties = parameters?.properties;
  if (typeof properties !== 'object' || properties === null) return [];
  return Object.entries(properties)
    .filter(([, property]) => !isText((property as { description?: unknown } | null)?.description))
    .map(([name]) => name);
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '';
}
