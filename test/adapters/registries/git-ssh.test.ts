import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeSshd } from '../../support/git/describe-sshd.ts';
import { openGitLab, readArchive } from '../../support/git/lab.ts';
import { TestRepository, templateFiles } from '../../support/git/repository.ts';
import { TestSshd } from '../../support/git/sshd.ts';

describeSshd('a git registry over ssh', () => {
  const lab = openGitLab();
  let server: TestSshd;
  let repository: TestRepository;
  beforeAll(async () => {
    server = new TestSshd();
    repository = new TestRepository();
    repository.commit(templateFiles('redis', 'redis', '1.0.0'), 'v1.0.0');
    await server.start();
  });
  afterAll(async () => {
    await lab.close();
    await server.stop();
    repository.remove();
  });

  const open = (credentials: { ssh_key: string; known_hosts?: string }) =>
    lab.open({ url: server.url(repository.bare), credentials: { type: 'ssh_key', ...credentials } });

  it('reads with the key it is given, from the server it is told', async () => {
    const plugin = open({ ssh_key: server.key, known_hosts: server.knownHosts() });
    expect(await plugin.connect()).toEqual({ credential: 'ssh_key' });
    expect((await readArchive(plugin, 'redis', '1.0.0')).bytes.length).toBeGreaterThan(1024);
  });

  it('takes paths of files too', async () => {
    const plugin = open({ ssh_key: `${server.dir}/client`, known_hosts: server.knownHosts() });
    expect(await plugin.listVersions('redis')).toHaveLength(1);
    await expect(open({ ssh_key: '/nowhere/key', known_hosts: server.knownHosts() }).connect()).toFailWith('authentication');
  });

  it('fails with authentication for another key', async () => {
    const plugin = open({ ssh_key: server.newKey('stranger'), known_hosts: server.knownHosts() });
    await expect(plugin.connect()).toFailWith('authentication');
    await expect(plugin.connect()).rejects.toThrow('the ssh key is not accepted');
  });

  it('fails with registry_unavailable for another host key, before the key is used', async () => {
    server.newKey('imposter');
    const plugin = open({ ssh_key: server.key, known_hosts: server.knownHosts('imposter') });
    await expect(plugin.connect()).toFailWith('registry_unavailable');
    await expect(plugin.connect()).rejects.toThrow('host key');
  });

  it('refuses without known hosts and without a key', async () => {
    await expect(open({ ssh_key: server.key }).connect()).rejects.toThrow('known_hosts is missing');
    await expect(lab.open({ url: server.url(repository.bare) }).connect()).toFailWith('authentication');
  });

  it('asks the address policy', async () => {
    const strict = openGitLab({ development: false });
    const credentials = { type: 'ssh_key', ssh_key: server.key, known_hosts: server.knownHosts() } as const;
    const plugin = strict.open({ url: server.url(repository.bare), credentials });
    await expect(plugin.connect()).toFailWith('outbound_denied');
    await strict.close();
  });
});
