import { resolve } from 'node:path';
import { z } from 'zod';
import { ChandleryError } from './domain/errors.ts';
import { isRegistryName } from './domain/reference.ts';

/** Settings of the stand-alone registry server. */
export interface RegistryServerConfig {
  /** 0 = a free port */
  port: number;
  host: string;
  templatesDir: string;
  /** Absent = anyone who reaches the port may read. */
  token?: string;
  /** What the server calls itself in its answers. */
  name: string;
}

/** Characters; a shorter token can be guessed. */
const MIN_TOKEN_LENGTH = 16;

const envSchema = z.object({
  CHANDLERY_PORT: z.coerce.number().int().min(0).max(65_535).default(7421),
  CHANDLERY_HOST: z.string().min(1).default('127.0.0.1'),
  CHANDLERY_TEMPLATES_DIR: z.string({ error: 'name the folder that holds the templates' }).min(1),
  CHANDLERY_REGISTRY_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'use printable characters without spaces')
    .min(MIN_TOKEN_LENGTH)
    .optional(),
  CHANDLERY_REGISTRY_NAME: z
    .string()
    .refine(isRegistryName, 'use lower-case letters, digits and inner hyphens')
    .default('registry'),
});

/** Reads the settings. Fails with config_invalid, naming the variable; the value is never shown, as it may be the token. */
export function readRegistryServerConfig(env: Readonly<Record<string, string | undefined>>): RegistryServerConfig {
  const parsed = envSchema.safeParse(env);
  if (!parsed.success) {
    const issues = parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
    throw new ChandleryError('config_invalid', issues.map(({ path, message }) => `${path}: ${message}`).join('; '), { issues });
  }
  const {
    CHANDLERY_PORT: port,
    CHANDLERY_HOST: host,
    CHANDLERY_REGISTRY_TOKEN: token,
    CHANDLERY_REGISTRY_NAME: name,
  } = parsed.data;
  const config = { port, host, name, templatesDir: resolve(parsed.data.CHANDLERY_TEMPLATES_DIR) };
  return token === undefined ? config : { ...config, token };
}
