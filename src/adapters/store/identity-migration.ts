/** Tokens that are there keep what they could: everything but making tokens, which was for the members of one group. */
export const IDENTITY_MIGRATION = `
  alter table tokens
    add column id uuid not null default gen_random_uuid(),
    add column roles jsonb not null default '[{"role": "operator", "namespace": "*"}]',
    add column scopes jsonb,
    add column created_by text,
    add column revoked_at timestamptz,
    add column last_used_at timestamptz;
  alter table tokens alter column roles drop default;
  update tokens set roles = '[{"role": "admin", "namespace": "*"}]' where groups @> '["chandlery:admins"]';
  create unique index tokens_id on tokens (id);
`;
