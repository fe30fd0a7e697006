export { outputsOf } from './outputs.ts';
export { type RenderInput, renderTemplate } from './render.ts';
export { hasToken, resolveTokens, secretToken, tokenKeys } from './secret-tokens.ts';
