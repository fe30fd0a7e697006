import type { DemoSet, Stage } from '../stage.ts';

/** What is there, as a developer would look for it. */
export async function searchFirst(stage: Stage, { client }: DemoSet): Promise<void> {
  stage.chapter('Searching every registry for "shop"');
  const { body } = await client.get('/api/v1/search?q=shop');
  for (const template of body.templates)
    stage.detail(`${template.registry}/${template.name}@${template.version}  ${template.description}`);
  stage.claim(
    body.templates.some((template: { name: string }) => template.name === 'shop'),
    'the template shop is found',
  );
}
