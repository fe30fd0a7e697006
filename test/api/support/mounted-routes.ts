import type { Express } from 'express';
import express from 'express';

/** Reads the routes of an application out of its routers. */

/** Path that each router is mounted at; Express itself keeps only what it compiled from it. */
type Mounts = WeakMap<object, string>;

interface Layer {
  route?: { path: string; methods: Record<string, boolean> };
  handle: { stack?: Layer[] };
}

/** Notes from now on what is mounted where. To be called before the application is made. */
export function recordMounts(): Mounts {
  const mounts: Mounts = new WeakMap();
  const { prototype } = express.Router as unknown as { prototype: { use(...given: unknown[]): unknown } };
  const use = prototype.use;
  prototype.use = function record(this: unknown, ...given: unknown[]) {
    const [path, ...handlers] = typeof given[0] === 'string' ? given : ['', ...given];
    for (const handler of handlers.flat())
      if (typeof handler === 'function') mounts.set(handler, path === '/' ? '' : String(path));
    return use.apply(this, given);
  };
  return mounts;
}

/** `METHOD /path/{parameter}` of everything that is mounted, sorted. */
export function routesOf(app: Express, mounts: Mounts): string[] {
  const { router } = app as unknown as { router: { stack: Layer[] } };
  return [...new Set(below(router.stack, '', mounts))].toSorted();
}

function below(stack: readonly Layer[], base: string, mounts: Mounts): string[] {
  return stack.flatMap(({ route, handle }) => {
    if (route) {
      const path = `${base}${route.path === '/' ? '' : route.path}`.replaceAll(/:(\w+)/g, '{$1}');
      const methods = Object.keys(route.methods).filter((method) => route.methods[method]);
      return methods.map((method) => `${method.toUpperCase()} ${path}`);
    }
    if (!handle.stack) return [];
    const mount = mounts.get(handle);
    if (mount === undefined) throw new Error(`a router below ${base || '/'} is mounted nobody knows where`);
    return below(handle.stack, `${base}${mount.replaceAll(/:(\w+)/g, '{$1}')}`, mounts);
  });
}
