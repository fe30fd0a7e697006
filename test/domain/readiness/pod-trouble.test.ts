import { describe, expect, it } from '@jest/globals';
import { podTrouble } from '../../../src/domain/readiness/pod-trouble.ts';
import { crashed, object, waiting, webPod } from './support/objects.ts';

const trouble = (...statuses: unknown[]) => podTrouble(webPod('web-1-a', '1', statuses));

describe('podTrouble', () => {
  it('finds nothing wrong with a pod that starts', () => {
    expect(trouble(waiting('ContainerCreating'))).toBeUndefined();
    expect(trouble(waiting('PodInitializing'))).toBeUndefined();
    expect(trouble({ name: 'app', ready: true, state: { running: {} } })).toBeUndefined();
    expect(podTrouble(object('v1', 'Pod', 'new'))).toBeUndefined();
  });

  it.each(['ImagePullBackOff', 'ErrImagePull', 'ErrImageNeverPull', 'CreateContainerConfigError', 'CreateContainerError'])(
    'lets %s pass for a while',
    (reason) => {
      expect(trouble(waiting(reason, 'it says why'))).toEqual({
        kind: 'start',
        reason,
        message: 'container app: it says why',
        container: 'app',
        fatal: 'if-it-lasts',
      });
    },
  );

  it('has no hope for an image that has no valid name', () => {
    expect(trouble(waiting('InvalidImageName'))).toMatchObject({ fatal: 'now', message: 'container app: InvalidImageName' });
  });

  it('calls a crash a loop from the third restart on', () => {
    expect(trouble(crashed(2, 1))).toMatchObject({
      fatal: 'if-it-lasts',
      message: 'container app: ended with exit code 1; 2 restarts',
    });
    expect(trouble(crashed(3, 1))).toMatchObject({ fatal: 'now', reason: 'CrashLoopBackOff', container: 'app' });
    expect(trouble(crashed(3, 0, 'Completed'))).toMatchObject({ fatal: 'now' });
  });

  it.each([
    [126, 'Error'],
    [127, 'Error'],
    [128, 'StartError'],
  ])('has no hope for a command that cannot be run (exit code %d, %s)', (exitCode, reason) =>
    expect(trouble(crashed(1, exitCode, reason))).toMatchObject({ fatal: 'now' }),
  );

  it('says that the memory did not suffice', () => {
    expect(trouble(crashed(1, 137, 'OOMKilled'))?.message).toBe(
      'container app: ended with exit code 137 (OOMKilled: it used more memory than its limit); 1 restart',
    );
  });

  it('says what the kubelet says when it does not know how the container ended', () => {
    expect(trouble({ ...crashed(1, 1), lastState: {} })?.message).toContain('back-off 20s');
  });

  it('looks at init containers too, and tells the worst of all', () => {
    const pod = webPod('web-1-a', '1', [{ ...crashed(5, 1), name: 'loops' }], {
      initContainerStatuses: [waiting('ErrImagePull')],
    });
    expect(podTrouble(pod)).toMatchObject({ container: 'loops', fatal: 'now' });
    expect(
      podTrouble(webPod('p', '1', [waiting('PodInitializing')], { initContainerStatuses: [waiting('ErrImagePull')] }))?.reason,
    ).toBe('ErrImagePull');
  });

  it('lets a pod that finds no node wait for one', () => {
    const conditions = [
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes are available: 3 Insufficient cpu.' },
    ];
    expect(podTrouble(webPod('p', '1', [], { conditions }))).toEqual({
      kind: 'schedule',
      reason: 'Unschedulable',
      message: '0/3 nodes are available: 3 Insufficient cpu.',
      fatal: 'if-it-lasts',
    });
  });

  it('leaves a pod alone that has ended or is being deleted', () => {
    expect(podTrouble(webPod('p', '1', [crashed(9, 1)], { phase: 'Failed' }))).toBeUndefined();
    expect(podTrouble(webPod('p', '1', [crashed(9, 1)], { phase: 'Succeeded' }))).toBeUndefined();
    const leaving = webPod('p', '1', [crashed(9, 1)]);
    expect(
      podTrouble({ ...leaving, metadata: { ...leaving.metadata, deletionTimestamp: '2026-11-21T12:00:00Z' } }),
    ).toBeUndefined();
  });
});
