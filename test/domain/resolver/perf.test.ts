import { it } from '@jest/globals';
import { resolve } from '../../../src/domain/resolver.ts';
import { catalogOf } from '../../support/catalogs.ts';
import { writeSync } from 'node:fs';
function rng(seed: number) { return () => { seed = (seed * 1664525 + 1013904223) >>> 0; return seed / 2 ** 32; }; }
function layered(names: number, versions: number, fan: number, tight: number, seed: number) {
  const r = rng(seed); const t: any = {};
  for (let n = 0; n < names; n++) {
    const v: any = {};
    for (let k = 1; k <= versions; k++) {
      const needs: any = {};
      for (let f = 0; f < fan; f++) { const to = n + 1 + Math.floor(r() * Math.min(50, names - n - 1)); if (to < names) { const m = 1 + Math.floor(r() * versions); needs[`p${to}`] = r() < tight ? `^${m}.0.0` : r() < 0.5 ? `>=${Math.min(m, 5)}.0.0` : '*'; } }
      if (n === 0) for (let f = 1; f < names; f += 7) needs[`p${f}`] = '*';
      v[`${k}.0.0`] = needs;
    }
    t[`p${n}`] = v;
  }
  return catalogOf(t);
}
function time(label: string, f: () => any) { const t = Date.now(); let out = ''; try { const l = f(); out = `${l.templates.length} templates`; } catch (e: any) { out = `${e.code} ${String(e.message).slice(0, 300)}`; } writeSync(2, `${label}: ${Date.now() - t} ms ${out}\n`); }
it('perf', () => {
  for (const tight of [0, 0.05, 0.2, 0.5]) { const c = layered(2000, 10, 4, tight, 7); time(`2000x10 tight ${tight}`, () => resolve({ name: 'p0' }, c)); }
  const c = layered(10000, 10, 4, 0, 7); time('10000x10', () => resolve({ name: 'p0' }, c));
  const c2 = layered(10000, 10, 4, 0.02, 7); time('10000x10 tight .02', () => resolve({ name: 'p0' }, c2));
  // every version of each of n packages wants a different common: k-wide blow up
  const t: any = { root: { '1.0.0': {} } };
  for (let i = 0; i < 30; i++) { t.root['1.0.0'][`m${String(i).padStart(2,'0')}`] = '*'; t[`m${String(i).padStart(2,'0')}`] = Object.fromEntries(Array.from({ length: 10 }, (_, k) => [`${k + 1}.0.0`, { [`m${String((i + 1) % 31 + 100)}x`]: '*' }])); }
  const deep: any = { root: { '1.0.0': { last: '*' } }, common: { '1.0.0': {}, '2.0.0': {} }, last: { '1.0.0': { common: '^1' } } };
  for (let i = 0; i < 40; i++) { const n = `m${String(i).padStart(2, '0')}`; deep.root['1.0.0'][n] = '*'; deep[n] = Object.fromEntries(Array.from({ length: 10 }, (_, k) => [`${k + 1}.0.0`, { common: k % 2 ? '^2' : '>=2' }])); }
  time('star conflict', () => resolve({ name: 'root' }, catalogOf(deep)));
  const lad: any = {}; const N = 60;
  for (let i = 0; i < N; i++) lad[`l${String(i).padStart(2, '0')}`] = Object.fromEntries(Array.from({ length: 10 }, (_, k) => [`${k + 1}.0.0`, i + 1 < N ? { [`l${String(i + 1).padStart(2, '0')}`]: k === 0 ? '*' : `>=${k + 1}`, [`l${String(Math.min(N - 1, i + 2)).padStart(2, '0')}`]: k === 0 ? '*' : `<${k + 1}` } : {}]));
  time('ladder', () => resolve({ name: 'l00' }, catalogOf(lad)));
  // chain of decisions unrelated, conflict at the very end between two leafs for all but version 1 of first
  const far: any = { root: { '1.0.0': { a: '*' } }, a: {}, x: { '1.0.0': {}, '2.0.0': {} }, z: { '1.0.0': { x: '^1' } } };
  for (let k = 1; k <= 10; k++) far.a[`${k}.0.0`] = { b00: '*', x: k === 1 ? '^1' : '^2', z: '*' };
  for (let i = 0; i < 30; i++) far[`b${String(i).padStart(2, '0')}`] = Object.fromEntries(Array.from({ length: 10 }, (_, k) => [`${k + 1}.0.0`, i < 29 ? { [`b${String(i + 1).padStart(2, '0')}`]: '*' } : { z: '*' }]));
  time('far', () => resolve({ name: 'root' }, catalogOf(far)));
  // n packages mutually need distinct versions of common: pigeonhole-ish
  for (const h of [4, 5, 6, 7]) { const p: any = { root: { '1.0.0': {} } };
    for (let i = 0; i <= h; i++) { p.root['1.0.0'][`p${i}`] = '*'; p[`p${i}`] = Object.fromEntries(Array.from({ length: h }, (_, k) => [`${k + 1}.0.0`, { [`h${k}`]: `${i + 1}.0.0` }])); }
    for (let k = 0; k < h; k++) p[`h${k}`] = Object.fromEntries(Array.from({ length: h + 1 }, (_, i) => [`${i + 1}.0.0`, {}]));
    time(`pigeon ${h}`, () => resolve({ name: 'root' }, catalogOf(p))); }
});
