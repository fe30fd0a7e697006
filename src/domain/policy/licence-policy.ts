import { z } from 'zod';
import { parseLicence } from '../licences/expression.ts';
import type { LicencePolicy } from '../licences/validator.ts';

/** `spec` of a `LicencePolicy`: which licences an organisation takes. */

/** SPDX itself knows some seven hundred. */
const MAX_LICENCES = 1_000;

const licence = z.string().refine((text) => {
  const expression = parseLicence(text);
  return expression !== undefined && 'license' in expression;
}, 'must be one licence that SPDX knows, such as Apache-2.0 or GPL-2.0-or-later, or a LicenseRef- of your own');

const licences = z.array(licence).min(1, 'names no licence').max(MAX_LICENCES);

export const licencePolicySchema = z
  .strictObject({ allow: licences.optional(), deny: licences.optional() })
  .refine(({ allow, deny }) => allow !== undefined || deny !== undefined, 'must name licences to allow or to deny')
  .refine(({ allow = [], deny = [] }) => !allow.some((one) => deny.includes(one)), 'allows a licence that it denies')
  .transform(
    ({ allow, deny }): LicencePolicy => ({ ...(allow !== undefined && { allow }), ...(deny !== undefined && { deny }) }),
  );
