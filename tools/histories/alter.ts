interface ScheduledEvent {
  activityTaskScheduledEventAttributes?: { activityType?: { name?: string } };
}

/** Swaps the names of two steps that follow each other: what a workflow whose order was changed without a patch would meet. */
export function alterHistory(history: { events: ScheduledEvent[] }): { events: ScheduledEvent[] } {
  const copy = structuredClone(history);
  const types = copy.events.flatMap((event) => event.activityTaskScheduledEventAttributes?.activityType ?? []);
  const download = types.find((type) => type.name === 'download');
  const scan = types.find((type) => type.name === 'scan');
  if (!download || !scan) throw new Error('the history holds no download and scan to swap');
  download.name = 'scan';
  scan.name = 'download';
  return copy;
}
