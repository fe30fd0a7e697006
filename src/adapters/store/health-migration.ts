/** Migration 007: checks of registries, counts of templates, and details of templates that outlive a restart. */
export const HEALTH_MIGRATION = `
    create table registry_health (
      registry text collate "C" not null, at timestamptz not null default clock_timestamp(),
      ok boolean not null, code text, message text,
      latency_ms integer not null, bytes bigint not null, bytes_per_second double precision, certificate_ends_at timestamptz,
      primary key (registry, at)
    );
    create index registry_health_at on registry_health (at);
    create table template_metrics (
      name text collate "C" not null, registry text collate "C" not null, metric text collate "C" not null, value text collate "C" not null,
      count bigint not null, changed_at timestamptz not null default now(),
      primary key (name, registry, metric, value)
    );
    create table template_details (
      registry text collate "C" not null, scope text collate "C" not null, name text collate "C" not null, version text collate "C" not null,
      identity text, fetched_at timestamptz not null, body bytea not null,
      primary key (registry, scope, name, version)
    );
    alter table template_details alter column body set storage external;
    create index template_details_age on template_details (fetched_at);
  `;
