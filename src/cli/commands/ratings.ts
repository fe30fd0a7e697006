import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { given, pageSize } from '../arguments.ts';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import type { Ratings } from '../http-publishing.ts';
import { localName } from '../local-name.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';
import { note } from '../terminal.ts';
import { oneLine } from '../text.ts';

const DEFAULT_LIMIT = 20;

export function rate(command: Command): void {
  withOutput(command)
    .argument('<name>', 'a template that the server itself offers', localName)
    .argument('<rating>', '1 (poor) to 5 (good)', stars)
    .option('--comment <text>', 'a few words about it')
    .action(async (name: string, rating: number, { output, comment }: OutputOptions & { comment?: string }) => {
      const ratings = await createHttpClient(readSettings()).rate(name, { rating, ...given({ comment }) });
      await printAs(output, { body: ratings, names: (body) => [body.name], table: summary });
    });
  withExample(command, 'chandlery rate redis 5');
}

export function ratings(command: Command): void {
  withOutput(command)
    .argument('<name>', 'a template that the server itself offers', localName)
    .option('--limit <count>', 'how many, 100 at most', pageSize, DEFAULT_LIMIT)
    .action(async (name: string, { output, limit }: OutputOptions & { limit: number }) => {
      const body = await createHttpClient(readSettings()).ratings(name, limit);
      await printAs(output, { body, names: () => body.ratings.map(({ user }) => user), table: tableOf });
    });
  withExample(command, 'chandlery ratings redis');
}

function stars(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 5) return value;
  throw new InvalidArgumentError('It must be a whole number from 1 to 5.');
}

function summary({ name, rating, ratingCount }: Ratings): string {
  if (rating === undefined) return oneLine(`${name}: nobody has rated it`);
  return oneLine(`${name}: ${rating} of 5, from ${ratingCount} ${ratingCount === 1 ? 'user' : 'users'}`);
}

async function tableOf(body: Ratings): Promise<string> {
  const { renderTable } = await import('../table.ts');
  note(summary(body));
  return renderTable(
    ['USER', 'RATING', 'AT', 'COMMENT'],
    body.ratings.map(({ user, rating, at, comment }) => [user, String(rating), at, comment]),
    { width: process.stdout.columns },
  );
}
