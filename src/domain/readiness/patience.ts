import type { TroubleKind } from './pod-trouble.ts';

/** Milliseconds that a trouble may last before it counts as a failure; counted from when it was first seen. */
export type Patience = Record<TroubleKind, number>;

export const PATIENCE: Readonly<Patience> = {
  // The kubelet pulls again after 10 s and after 20 s more: a registry gets three chances.
  start: 45_000,
  // Past the third restart, for what is loading slowly between two crashes.
  crash: 60_000,
  // A cluster that adds nodes by itself needs a minute or two for one.
  schedule: 180_000,
  // Pods refused by a quota get room when those of the old revision have ended, 30 s being their usual grace period.
  replicas: 45_000,
};
