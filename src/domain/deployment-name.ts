/**
 * Characters of a deployment's name. Past 63 the label is shortened and some kinds (a Service) cannot bear the name any more, which the
 * cluster then says; this much keeps `chandlery.<name>.v<revision>` within Kubernetes' 253 for the name of a Secret.
 */
export const MAX_DEPLOYMENT_NAME = 200;

const NAME = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;

/** Whether the text may name a deployment: lower-case letters, digits and inner dashes, 200 at most. Its objects are named after it. */
export function isDeploymentName(text: string): boolean {
  return text.length <= MAX_DEPLOYMENT_NAME && NAME.test(text);
}

/** The name that an image suggests: `ghcr.io/acme/podinfo:6.7.0` gives `podinfo`. Undefined when nothing of it can be a name. */
export function nameOfImage(image: string): string | undefined {
  const [path = ''] = image.split('@');
  const base = (path.split('/').at(-1) ?? '').split(':')[0] ?? '';
  const name = base
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return isDeploymentName(name) ? name : undefined;
}
