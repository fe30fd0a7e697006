/** What is wrong with a text that is to be kept; undefined when nothing is. Neither PostgreSQL nor a process's environment can hold these. */
export function unstorable(text: string): string | undefined {
  return /\0|\p{Surrogate}/u.test(text) ? 'holds a NUL character or half of a surrogate pair: take it out' : undefined;
}
