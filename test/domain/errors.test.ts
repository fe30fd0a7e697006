import { expect, it } from '@jest/globals';
import { DEPLOYMENT_ERRORS } from '../../src/domain/error-catalogue/deployments.ts';
import { INSTALL_ERRORS } from '../../src/domain/error-catalogue/installs.ts';
import { PACK_ERRORS } from '../../src/domain/error-catalogue/packs.ts';
import { PUBLISHING_ERRORS } from '../../src/domain/error-catalogue/publishing.ts';
import { REGISTRY_ERRORS } from '../../src/domain/error-catalogue/registries.ts';
import { REQUEST_ERRORS } from '../../src/domain/error-catalogue/requests.ts';
import { RUNNING_ERRORS } from '../../src/domain/error-catalogue/running.ts';
import { SOURCE_ERRORS } from '../../src/domain/error-catalogue/sources.ts';
import { VULNERABILITY_ERRORS } from '../../src/domain/error-catalogue/vulnerabilities.ts';
import { ERROR_CATALOGUE } from '../../src/domain/errors.ts';

it('no code stands in two parts of the catalogue', () => {
  const parts = [
    ...[REQUEST_ERRORS, REGISTRY_ERRORS, INSTALL_ERRORS, PUBLISHING_ERRORS, VULNERABILITY_ERRORS],
    ...[DEPLOYMENT_ERRORS, SOURCE_ERRORS, PACK_ERRORS, RUNNING_ERRORS],
  ];
  expect(parts.flatMap((part) => Object.keys(part))).toEqual(Object.keys(ERROR_CATALOGUE));
});
