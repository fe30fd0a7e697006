import { describe, expect, it } from '@jest/globals';
import { parseScannerCommand } from '../../../src/domain/vulnerabilities/scanner-command.ts';

const ENV = {
  PATH: '/bin',
  HOME: '/root',
  TRIVY_CACHE_DIR: '/cache',
  DATABASE_URL: 'secret',
  CHANDLERY_CODEC_KEY: 'secret',
  GRYPE_X: undefined,
};

describe("the command of a user's own scanner", () => {
  it('is split into words, and gets nothing of the server but what it needs', () => {
    expect(parseScannerCommand(' /opt/trivy-0.5  fs --format json {dir} ', ENV)).toEqual({
      format: 'trivy',
      command: ['/opt/trivy-0.5', 'fs', '--format', 'json', '{dir}'],
      env: { PATH: '/bin', HOME: '/root', TRIVY_CACHE_DIR: '/cache' },
    });
    expect(parseScannerCommand('grype dir:{dir} -o json', ENV).format).toBe('grype');
  });

  it.each(['snyk test {dir}', 'trivy fs', '{dir}', ''])('%j is refused with config_invalid', (text) => {
    expect(() => parseScannerCommand(text, ENV)).toFailWith('config_invalid');
  });
});
