import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createGuardedClient } from '../../../src/adapters/http/guarded-client.ts';
import { createChandleryRegistry } from '../../../src/adapters/registries/chandlery-http.ts';
import type { RegistryConfig } from '../../../src/domain/registries-config.ts';
import { startRegistryServer } from '../../../src/registry.ts';
import { createRegistryFolder } from '../../support/registry-folder.ts';

describe('signatures over the registry protocol', () => {
  it('are the texts that lie beside the archive, and an unreadable one is not a missing one', async () => {
    const folder = await createRegistryFolder([
      { name: 'redis', version: '7.0.0' },
      { name: 'cache', version: '1.0.0' },
      { name: 'plain', version: '1.0.0' },
    ]);
    await writeFile(join(folder.dir, 'redis', '7.0.0.tar.sigstore.json'), '{"a": "bundle"}\n');
    await writeFile(join(folder.dir, 'cache', '1.0.0.tar.sigstore.json'), 'x'.repeat(200_000));
    const server = await startRegistryServer({ port: 0, host: '127.0.0.1', name: 'registry', templatesDir: folder.dir });
    const client = createGuardedClient({ development: true, allow: [] });
    try {
      const config = { name: 'shop', kind: 'chandlery', type: 'community', url: server.url } as RegistryConfig;
      const registry = createChandleryRegistry(config, client);
      const textsOf = async (name: string, version: string) => {
        const set = await registry.signatures?.(name, version);
        const [entry] = await registry.listVersions(name);
        expect(set).toMatchObject({ subject: entry?.digest, archive: entry?.digest });
        const texts: string[] = [];
        for await (const document of set?.documents ?? [])
          if (document.form === 'bundle') texts.push(Buffer.from(document.bytes).toString('utf8'));
        return texts;
      };
      expect(await textsOf('redis', '7.0.0')).toEqual(['{"a": "bundle"}\n']);
      expect(await textsOf('cache', '1.0.0')).toEqual(['']);
      expect(await textsOf('plain', '1.0.0')).toEqual([]);
    } finally {
      await client.close();
      await server.close();
      await folder.remove();
    }
  });
});
