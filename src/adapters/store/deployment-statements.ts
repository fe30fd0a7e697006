/**
 * The statements of a change of a deployment: each is one transaction of one round trip, prepared by name like the effects' (effects.ts).
 * All parts of a statement see the same moment, so what may be contended is locked (fence, install, revision) or unique (the revision's
 * number and its root and generation), and a statement that wrote nothing is explained by reading once more.
 */

/**
 * Ended revisions that a deployment remembers besides the current one and the one before it: as many as Helm keeps (--history-max), enough
 * to go back to, and a bound for what one deployment may fill the store with.
 */
const REVISION_HISTORY = 10;

const KEY = 'cluster = $3 and namespace = $4 and name = $5';
// Shared, so that several writers of one operation do not wait for each other, while its undo and the next operation wait for them.
const FENCE = 'fence as (select fence from fences where target = $1 and fence = $2 for share)';

/**
 * $1 target, $2 fence, $3-$5 key, $6 root, $7 generation, $8 kind, $9 origin, $10 template, $11 parameters, $12 whether it has values,
 * $13 rendered, $14 plan, $15 inventory, $16 dependencies, $17 rollback of, $18 user, $19 groups, $20 operation, $21 summary, $22 owner,
 * $23 claims that are there.
 *
 * The install's row is held until the revision stands, so that an uninstall either waits and sees it, or has come first and the row is
 * gone (lockInstall in install-rows.ts). A deploy may begin on a deployment that its own root made: then it is replayed. A revision that
 * is still pending belongs to an operation that somebody ended by hand; the holder of the fence writes it off.
 */
export const BEGIN = {
  name: 'deployment-begin',
  text: `
    with ${FENCE},
    install as (select name from installs where cluster = $3 and namespace = $4 and name = $10::jsonb ->> 'name' for key share),
    base as (
      select coalesce((select revision from deployments where ${KEY}), 0) as previous,
        coalesce((select max(number) from revisions where ${KEY}), 0) + 1 as number,
        coalesce($16::jsonb, (select dependencies from deployments where ${KEY}), '[]'::jsonb) as dependencies
    ),
    begun as (
      insert into revisions (cluster, namespace, name, number, previous, state, kind, origin, template, parameters, has_values, rendered, plan,
        inventory, dependencies, rollback_of, requester_user, requester_groups, operation, root, generation, summary, claims)
      select $3, $4, $5, base.number, base.previous, 'pending', $8, $9, $10::jsonb, $11::json, $12::boolean, $13, $14,
        $15::jsonb, base.dependencies, $17::integer, $18, $19::jsonb, $20, $6, $7::integer, $21::jsonb, $23::jsonb
      from fence cross join base left join install on true
      where ($9 <> 'marketplace' or install.name is not null)
        and case when $8 <> 'deploy' then base.previous > 0 else
          base.previous = 0 or exists (select 1 from revisions where ${KEY} and number = base.previous and root = $6) end
      on conflict do nothing
      returning number, previous, inventory, dependencies
    ),
    written_off as (
      update revisions set state = 'failed', ended_at = now(),
        failure = json_build_object('code', 'terminated', 'message', 'its operation ended without finishing it or taking it back')
      where ${KEY} and state = 'pending' and exists (select 1 from begun)
    ),
    deployment as (
      insert into deployments as d (cluster, namespace, name, origin, template, state, revision, owner, dependencies,
        requester_user, requester_groups, operation)
      select $3, $4, $5, $9, $10::jsonb, 'deploying', 0, $22, dependencies, $18, $19::jsonb, $20 from begun
      on conflict (cluster, namespace, name) do update set
        state = case when d.revision = 0 then 'deploying' else 'changing' end,
        origin = case when d.revision = 0 then excluded.origin else d.origin end,
        template = case when d.revision = 0 then excluded.template else d.template end,
        owner = case when d.revision = 0 then excluded.owner else d.owner end,
        dependencies = case when d.revision = 0 then excluded.dependencies else d.dependencies end,
        requester_user = excluded.requester_user, requester_groups = excluded.requester_groups, operation = excluded.operation,
        updated_at = now()
    )
    select number, previous, inventory from begun`,
};

/**
 * $1 target, $2 fence, $3-$5 key, $6 root, $7 generation, $8 number, $9 uids by index, $10 uid of the values Secret.
 *
 * Need not wait for the disk: finish does, and makes all that was written before it safe with it; what a server loses before that is in
 * the cluster, where it is observed again. The revision's own row keeps this apart from its end, so the fence need not be held.
 */
export const APPLIED = {
  name: 'deployment-applied',
  text: `
    with relaxed as (select set_config('synchronous_commit', 'off', true))
    ${withUids({ number: '$8', uids: '$9', values: '$10', from: 'relaxed' })}
      and exists (select 1 from fences where target = $1 and fence = $2)
    returning number`,
};

function withUids({ number, uids, values, from }: Record<'number' | 'uids' | 'values' | 'from', string>): string {
  return `update revisions r set values_uid = coalesce(${values}, r.values_uid), inventory = (
      select coalesce(jsonb_agg(item || jsonb_strip_nulls(jsonb_build_object('uid', ${uids}::jsonb -> (nth - 1)::text)) order by nth), '[]')
      from jsonb_array_elements(r.inventory) with ordinality items (item, nth))
    from ${from}
    where ${KEY} and number = ${number} and root = $6 and generation = $7 and state = 'pending'`;
}

/** $1 target, $2 fence, $3-$5 key, $6 root, $7 generation, $8 operation, $9 step, $10 input digest, $11 result, $12 result digest. */
function effect(undo: string, from: string): string {
  return `effect as (
      insert into effects (root, step, object, generation, operation, target, fence, input_digest, result, result_digest, undo)
      select $6, $9, '-', $7::integer, $8, $1, fence.fence, $10, $11::jsonb, $12, ${undo} from ${from}
      on conflict do nothing
      returning result
    )`;
}

/**
 * As `effect`, and $13 number, $14 uids by index, $15 uid of the values Secret. As little as the two it stands for (APPLIED here, RECORD in
 * effects.ts) need it wait for the disk.
 */
export const SETTLE = {
  name: 'deployment-settle',
  text: `
    with relaxed as (select set_config('synchronous_commit', 'off', true)),
    held as (select fence from fences, relaxed where target = $1 and fence = $2),
    pending as (
      ${withUids({ number: '$13', uids: '$14', values: '$15', from: 'held' })}
      returning held.fence
    ),
    ${effect('null', 'pending as fence')}
    select 1 from effect`,
};

/** As `effect`, and $13 number, $14 dependencies. What the revision replaced is not dropped yet: an undo goes back to it. */
export const FINISH = {
  name: 'deployment-finish',
  text: `
    with ${FENCE},
    pending as (
      select number, previous, origin, template from revisions
      where ${KEY} and number = $13 and root = $6 and generation = $7 and state = 'pending' for update
    ),
    ${effect("jsonb_build_object('revision', pending.number)", 'fence cross join pending')},
    ended as (
      update revisions r set state = 'current', ended_at = now(), dependencies = $14::jsonb from effect where ${KEY} and r.number = $13
    ),
    superseded as (
      update revisions r set state = 'superseded' from effect where ${KEY} and r.state = 'current' and r.number <> $13
    ),
    deployment as (
      update deployments d set state = 'ready', revision = pending.number, origin = pending.origin, template = pending.template,
        dependencies = $14::jsonb, updated_at = now()
      from pending cross join effect where ${KEY}
    ),
    dropped as (
      delete from revisions r using pending cross join effect
      where ${KEY} and r.number <> pending.number and r.number <> pending.previous and r.number < (
        select number from revisions where ${KEY} and number <> $13 order by number desc offset ${REVISION_HISTORY - 1} limit 1
      )
    )
    select result from effect`,
};

/** As `effect`. The revisions go with the deployment. */
export const FORGET = {
  name: 'deployment-forget',
  text: `
    with ${FENCE},
    ${effect('null', 'fence')},
    gone as (delete from deployments using effect where ${KEY})
    select result from effect`,
};
