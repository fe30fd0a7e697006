import { describe, expect, it } from '@jest/globals';
import { WAVES } from '../../../src/domain/rendered.ts';
import { deployment, render, requiredSecrets, requiredValues, type ShippedTemplate, shippedTemplates } from './support.ts';

const shipped = shippedTemplates();

function renderShipped({ manifest, files }: ShippedTemplate) {
  const { name } = manifest.metadata;
  return render({
    manifest,
    files,
    deployment: { ...deployment, name },
    parameters: requiredValues(manifest),
    secretNames: requiredSecrets(manifest),
  });
}

describe.each(shipped.map((template) => [template.folder, template] as const))('%s', (_folder, template) => {
  const rendered = renderShipped(template);

  it('renders the same objects every time', () => {
    expect(renderShipped(template)).toEqual(rendered);
    expect(rendered.objects.length).toBeGreaterThan(0);
  });

  it("marks every object as the deployment's", () => {
    for (const { object, ref } of rendered.objects) {
      expect(object.metadata.labels).toMatchObject({
        'app.kubernetes.io/managed-by': 'chandlery',
        'chandlery.dev/deployment': template.manifest.metadata.name,
      });
      expect(object.metadata.annotations).toMatchObject({
        'chandlery.dev/deployment-id': `local.shop.${template.manifest.metadata.name}`,
      });
      expect(ref).toEqual({ apiVersion: object.apiVersion, kind: object.kind, namespace: 'shop', name: object.metadata.name });
    }
  });

  it('puts them in order of wave', () => {
    const waves = rendered.objects.map(({ wave }) => wave);
    expect(waves).toEqual([...waves].sort((a, b) => a - b));
    expect(waves.every((wave) => WAVES[wave] !== undefined)).toBe(true);
  });

  it('lists the images it runs', () => {
    expect(rendered.images.length).toBeGreaterThan(0);
  });

  it('leaves no reference behind', () => {
    expect(JSON.stringify(rendered)).not.toMatch(/\$\{[A-Za-z_]/);
  });
});
