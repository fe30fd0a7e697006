/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' } }],
  },
  // End-to-end files start half a dozen servers each: where others wait for the outcome, one file at a time on two cores.
  maxWorkers: process.env.CI ? 1 : 2,
  // What a file leaves in memory is never given back: after a hundred of them, collecting garbage took longer than the tests.
  workerIdleMemoryLimit: '1GB',
  // Servers start and processes are killed in many tests: on a busy machine ten times as slowly.
  testTimeout: 60_000,
  setupFilesAfterEnv: ['<rootDir>/test/support/matchers.ts'],
  collectCoverageFrom: ['src/**/*.ts', 'workflows/**/*.ts', 'activities/**/*.ts'],
};
