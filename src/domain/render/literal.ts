/**
 * The text so written that Kubernetes, which expands `$(NAME)` in variables, commands and arguments and reads `$$` as a dollar sign there, gives
 * it back as it was. A dollar sign at the end counts: what follows could be an opening parenthesis.
 */
export function literal(text: string): string {
  return text.replace(/\$(?=[$(]|$)/g, '$$$$');
}
