import { placeInManifest } from '../manifest-place.ts';
import type { Finding, ValidationSubject, Validator } from '../validation.ts';
import { containerViews, podsOf } from './containers.ts';
import { type ContentRule, contentFinding } from './finding.ts';
import { imagesOf, type UsedImage } from './image-pins.ts';
import { objectFindings } from './object-rules.ts';
import { type Content, contentOf } from './objects.ts';
import { podFindings } from './pod-rules.ts';
import { rbacFindings } from './rbac-rules.ts';
import { workloadFindings } from './workload-rules.ts';

const UNPINNED: ContentRule = {
  id: 'image-unpinned',
  severity: 'medium',
  recommendation: 'Name the digest: another image under the same tag is then never pulled.',
};
const RESOURCES: ContentRule = {
  id: 'resources',
  severity: 'low',
  recommendation: 'Request CPU and memory, and limit memory.',
};
const PROBES: ContentRule = {
  id: 'probes',
  severity: 'low',
  recommendation: 'Add a readiness probe, so that nothing is sent to what is not ready.',
};

/** What the objects and the workload of a template could do to the cluster. */
export const contentSecurity: Validator = {
  id: 'content',
  stage: 'security',
  covers: 'Kubernetes objects and images',
  version: '2',
  async validate(subject) {
    const content = contentOf(subject);
    return [
      ...content.broken,
      ...unrendered(content),
      ...workloadFindings(subject),
      ...podsOf(content).flatMap((pod) => podFindings(pod, subject.manifest)),
      ...content.objects.flatMap((object) => [...rbacFindings(object), ...objectFindings(object)]),
      ...imagesOf(subject, containerViews(subject, content)).flatMap((image) => imageFinding(image, subject)),
    ];
  },
};

/** What the containers of a template leave to chance. */
export const contentQuality: Validator = {
  id: 'containers',
  stage: 'quality',
  covers: 'limits and probes',
  version: '2',
  async validate(subject) {
    return containerViews(subject, contentOf(subject)).flatMap((container) => {
      const { title, longRunning, probed } = container;
      const lacking = missingResources(container);
      return [
        ...(lacking.length > 0 ? [contentFinding(RESOURCES, container, `${title} has no ${lacking.join(', no ')}`)] : []),
        ...(longRunning && !probed
          ? [contentFinding(PROBES, container, `${title} has neither a readiness nor a liveness probe`)]
          : []),
      ];
    });
  },
};

/** In words: `request for cpu`, `limit of memory`. A CPU limit is not asked for: it throttles while the node is idle. */
export function missingResources({ requests, limits }: { requests: readonly string[]; limits: readonly string[] }): string[] {
  return [
    ...['cpu', 'memory'].filter((name) => !requests.includes(name)).map((name) => `request for ${name}`),
    ...(limits.includes('memory') ? [] : ['limit of memory']),
  ];
}

/** One for all files: what a renderer makes of them is judged when it is planned. */
function unrendered({ unrendered: files }: Content): Finding[] {
  const [first] = files;
  if (first === undefined) return [];
  return [
    {
      id: 'content/not-rendered',
      severity: 'info',
      file: first.path,
      explanation: `${files.length} ${files.length === 1 ? 'file is' : 'files are'} not looked at before they are rendered`,
      recommendation: 'Look at the plan before deploying: it shows every object.',
    },
  ];
}

function imageFinding({ reference, pin, container, name }: UsedImage, subject: ValidationSubject): Finding[] {
  if (pin === 'digest') return [];
  const pointer = name === undefined ? '/spec/content' : `/spec/images/${name}`;
  const place = container ?? placeInManifest(subject, pointer);
  if (pin === 'moving')
    return [contentFinding(UNPINNED, place, `the image ${reference} may be another one tomorrow: its tag moves`)];
  return [
    contentFinding(UNPINNED, place, `the image ${reference} has no digest: its owner can put another one under the tag`, 'info'),
  ];
}
