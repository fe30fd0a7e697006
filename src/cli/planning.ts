import { type Command, Option } from 'commander';
import type { Plan } from '../domain/deployment.ts';
import { planText } from '../domain/plan/text.ts';
import type { HttpClient } from './http.ts';
import type { PlanBody } from './http-deployments.ts';
import { printAs } from './output.ts';
import type { Colors } from './terminal.ts';
import { colorsFor, note } from './terminal.ts';
import { oneLine } from './text.ts';

const FORMATS = ['text', 'json', 'yaml', 'name'] as const;
export type PlanFormat = (typeof FORMATS)[number];

/** Adds `-o` as plans have it. */
export function withPlanOutput(command: Command): Command {
  return command.addOption(new Option('-o, --output <format>', 'how to print').choices(FORMATS).default('text'));
}

/** The plan for a request, also when it takes the server longer than one request may. Fails with a CliError. */
export async function makePlan(client: HttpClient, body: PlanBody): Promise<Plan> {
  const answer = await client.plan(body);
  if (answer.operation === undefined) return answer as Plan;
  const { followOperation } = await import('./wait.ts');
  const { result } = await followOperation(client, answer.operation);
  return client.planOf((result as { plan: string }).plan);
}

/** Prints it, with what to type next on stderr. */
export async function printPlan(plan: Plan, output: PlanFormat): Promise<void> {
  const colors = colorsFor(process.stdout);
  await printAs(output === 'text' ? 'table' : output, {
    body: plan,
    names: ({ digest }) => [digest],
    table: () =>
      planText(plan)
        .map((line) => coloured(line, colors))
        .join('\n'),
  });
  if (output !== 'text') return;
  const secrets = plan.secretParameters.map((name) => ` --set-secret ${name}=-`).join('');
  note(`carry it out with: chandlery deploy --plan ${plan.digest}${secrets}`);
}

/** By the first character that is no blank, as planText says. */
function coloured(line: string, colors: Colors): string {
  const indent = line.length - line.trimStart().length;
  const text = `${' '.repeat(indent)}${oneLine(line)}`;
  switch (text.trimStart()[0]) {
    case '+':
      return colors.green(text);
    case '-':
      return colors.red(text);
    case '~':
      return colors.yellow(text);
    case '!':
      return colors.bold(colors.yellow(text));
    default:
      return text;
  }
}
