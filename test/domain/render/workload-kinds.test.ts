// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the format's own notation for a parameter, not ours
import { describe, expect, it } from '@jest/globals';
import { deployment, http, image, objectOf, podOf, render, renderWorkload, workloadTemplate } from './support.ts';

describe('the kind that runs it', () => {
  const perReplica = { name: 'data', path: '/data', persistent: { size: '1Gi', perReplica: true } };
  const kinds = (workload: Record<string, unknown>) =>
    renderWorkload({ ports: [http], ...workload }).objects.map(({ ref }) => `${ref.kind}/${ref.name}`);

  it('is a Deployment with its Service', () => {
    expect(kinds({})).toEqual(['ServiceAccount/notes', 'Deployment/notes', 'Service/notes']);
  });

  it('is a StatefulSet with a headless Service for a volume per replica', () => {
    expect(kinds({ volumes: [perReplica] })).toEqual([
      'ServiceAccount/notes',
      'Service/notes',
      'Service/notes-headless',
      'StatefulSet/notes',
    ]);
    const set = objectOf(renderWorkload({ volumes: [perReplica] }), 'StatefulSet');
    expect(set.spec).toMatchObject({
      replicas: 1,
      serviceName: 'notes-headless',
      podManagementPolicy: 'Parallel',
      volumeClaimTemplates: [
        { metadata: { name: 'data', labels: { 'chandlery.dev/deployment': 'notes' } }, spec: { accessModes: ['ReadWriteOnce'] } },
      ],
    });
  });

  it('is a CronJob for a schedule, without Service', () => {
    expect(kinds({ schedule: '@daily' })).toEqual(['ServiceAccount/notes', 'CronJob/notes']);
    const schedule = {
      cron: '@daily',
      timeZone: 'Etc/UTC',
      concurrency: 'Forbid',
      suspend: true,
      startingDeadlineSeconds: 9,
      keepSucceeded: 0,
      keepFailed: 2,
    };
    expect(objectOf(renderWorkload({ schedule, retries: 2, deadlineSeconds: 60 }), 'CronJob').spec).toMatchObject({
      schedule: '@daily',
      timeZone: 'Etc/UTC',
      concurrencyPolicy: 'Forbid',
      suspend: true,
      startingDeadlineSeconds: 9,
      successfulJobsHistoryLimit: 0,
      failedJobsHistoryLimit: 2,
      jobTemplate: { spec: { backoffLimit: 2, activeDeadlineSeconds: 60, template: { spec: { restartPolicy: 'Never' } } } },
    });
  });

  it('is a Job with another name for other content, since a Job cannot be changed', () => {
    const name = (args: string[]) => objectOf(renderWorkload({ runOnce: true, args }), 'Job').metadata.name;
    expect(name(['a'])).toMatch(/^notes-[0-9a-f]{8}$/);
    expect(name(['a'])).toBe(name(['a']));
    expect(name(['a'])).not.toBe(name(['b']));
  });

  it('is recreated, not rolled, when one node only can hold its volume', () => {
    const strategy = (accessMode: string) =>
      (
        objectOf(
          renderWorkload({ volumes: [{ name: 'data', path: '/data', persistent: { size: '1Gi', accessMode } }] }),
          'Deployment',
        ).spec as { strategy: object }
      ).strategy;
    expect(strategy('ReadWriteOnce')).toEqual({ type: 'Recreate' });
    expect(strategy('ReadWriteMany')).toMatchObject({ type: 'RollingUpdate' });
  });
});

describe('names and labels', () => {
  it('cuts a long deployment name and keeps it unique', () => {
    const name = `${'n'.repeat(60)}-one`;
    const manifest = workloadTemplate({ workload: { image, schedule: '@daily' } });
    const { objects } = render({ manifest, deployment: { ...deployment, name } });
    const names = objects.map(({ ref }) => ref.name);
    expect(names[0]).toMatch(/^n{54}-[0-9a-f]{8}$/);
    expect(names[1]).toMatch(/^n{43}-[0-9a-f]{8}$/);
    expect(objects[0]?.object.metadata.labels?.['chandlery.dev/deployment']).toHaveLength(63);
  });

  it('selects by labels that no upgrade changes', () => {
    const spec = { 'app.kubernetes.io/name': 'notes', 'chandlery.dev/deployment': 'notes' };
    const result = renderWorkload({ ports: [http] });
    expect(objectOf(result, 'Deployment').spec).toMatchObject({ selector: { matchLabels: spec } });
    expect(objectOf(result, 'Service').spec).toMatchObject({ selector: spec });
    expect(podOf({}).metadata.labels).toEqual({
      ...spec,
      'app.kubernetes.io/instance': 'notes',
      'app.kubernetes.io/managed-by': 'chandlery',
    });
  });

  it('says whose it is', () => {
    const account = objectOf(renderWorkload({ owner: 'Ada Example <ada@example.org>' }), 'ServiceAccount').metadata as {
      labels?: object;
      annotations?: object;
    };
    expect(account.annotations).toMatchObject({ 'chandlery.dev/owner': 'Ada Example <ada@example.org>' });
    expect(account.labels).toMatchObject({
      'chandlery.dev/owner': expect.stringMatching(/^Ada_Example__ada_example\.org-[0-9a-f]{8}$/),
    });
  });
});
