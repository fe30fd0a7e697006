import { z } from 'zod';
import { EVERYWHERE, ROLES, type RoleBinding } from './access.ts';
import { isNamespace } from './reference.ts';
import { issuesIn } from './yaml-issues.ts';
import { issuesFailure, readYaml } from './yaml-limits.ts';

/** The file of CHANDLERY_ROLE_BINDINGS: `bindings`, each with `role`, `namespaces`, and `users` or `groups` or both. */

/** Far above what an installation has; a list that is longer was not meant. */
const MAX_BINDINGS = 1_000;
const MAX_SUBJECTS = 1_000;
const MAX_SUBJECT_LENGTH = 253;

const subjects = z.array(z.string().min(1).max(MAX_SUBJECT_LENGTH)).max(MAX_SUBJECTS).default([]);

const bindingSchema = z
  .strictObject({
    role: z.enum(ROLES),
    namespaces: z
      .array(
        z
          .string()
          .refine((text) => text === EVERYWHERE || isNamespace(text), `is neither a namespace nor "${EVERYWHERE}" (everywhere)`),
      )
      .min(1, 'must name a namespace, or "*" for everywhere')
      .max(MAX_SUBJECTS),
    users: subjects,
    groups: subjects,
  })
  .refine(({ users, groups }) => users.length + groups.length > 0, 'names neither users nor groups');

const fileSchema = z.strictObject({ bindings: z.array(bindingSchema).max(MAX_BINDINGS) });

/** Reads the text of the file. Fails with config_invalid, naming file, line and column of everything that is wrong. */
export function parseRoleBindings(text: string, file: string): RoleBinding[] {
  const document = readYaml(text, { file, code: 'config_invalid' });
  const parsed = fileSchema.safeParse(document.value ?? {});
  if (parsed.success) return parsed.data.bindings;
  throw issuesFailure('config_invalid', file, issuesIn(parsed.error, document));
}
