import { z } from 'zod';
import { sourceNameProblem, sourceUrlProblem } from '../../../domain/sources/source.ts';
import { problemSchema } from '../../problem.ts';

/** Bodies of namespace sources. Members that are not known are passed over, as the contract has it. */

const text = () => z.string({ error: ({ input }) => (input === undefined ? 'is missing' : 'must be a string') });

/** A text that a rule of the domain accepts; its words never repeat the text, which may hold a credential. */
const checkedText = (problemOf: (value: string) => string | undefined) =>
  text().superRefine((value, context) => {
    const message = problemOf(value);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });

const url = checkedText(sourceUrlProblem).meta({ description: 'Absolute https address of a marketplace.json.' });
const displayName = z
  .string({ error: 'must be a string' })
  .nullish()
  .meta({ description: 'What people see; the name when left out, null or empty.' });

const sourceNameSchema = checkedText(sourceNameProblem);
export const newSourceSchema = z.object({ name: sourceNameSchema, url, displayName }, { error: 'must be a JSON object' });
/** A change replaces the whole value: a label that is left out is cleared. */
export const changedSourceSchema = z.object({ url, displayName }, { error: 'must be a JSON object' });

export const namespacePathSchema = z.object({ namespace: z.string() });
export const sourcePathSchema = z.object({ namespace: z.string(), name: z.string() });
export const itemsQuerySchema = z.object({
  refresh: z.enum(['true', 'false']).optional().meta({ description: '`true` fetches every source again.' }),
});

export const sourceSchema = z
  .object({ name: z.string(), url: z.string(), displayName: z.string().nullable() })
  .meta({ id: 'Source' });
export const sourceListSchema = z.array(sourceSchema);
export const permissionsSchema = z.object({ canEdit: z.boolean() });
const place = { source: z.string(), displayName: z.string() };
export const sourceItemsSchema = z.array(
  z.union([
    z.object({ ...place, items: z.array(z.record(z.string(), z.unknown())) }),
    z.object({
      ...place,
      error: z.object({
        message: z.string(),
        code: z.enum(['fetch_timeout', 'aggregator_timeout', 'http_error', 'parse_error', 'network_error']),
      }),
    }),
  ]),
);

/** A problem as clients of this contract read it: with the place of each issue, and with what was denied. */
export const sourceProblemSchema = problemSchema
  .extend({
    errors: z
      .array(
        z.object({
          path: z.string(),
          message: z.string(),
          loc: z.array(z.string()).optional(),
          msg: z.string().optional(),
          type: z.string().optional(),
        }),
      )
      .optional(),
    error: z.literal('impersonation_forbidden').optional(),
    user: z.string().optional(),
    resource: z.string().optional(),
    namespace: z.string().optional(),
    action: z.string().optional(),
  })
  .meta({ id: 'SourceProblem', description: 'A problem with the members that clients of namespace sources read.' });
