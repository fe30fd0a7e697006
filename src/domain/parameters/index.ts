export { PARAMETER_VALUE_LIMITS } from './bounds.ts';
export { checkParameters, type ParametersToCheck } from './check.ts';
export { checkImmutable } from './immutable.ts';
export { type ParameterSchema, type ParameterValues, secretParameters, splitParameters } from './schema.ts';
export { secretEntries } from './secret-entries.ts';
