import { median, round } from '../figures.ts';
import { comparePairs, measureInTurn } from '../pairs.ts';
import type { Helm } from './helm.ts';
import { FIFTY } from './objects.ts';
import type { DeployStage } from './stage.ts';
import { NAMESPACES } from './stage.ts';

const ROUNDS = 2;
const WARM_UP = 1;

interface Life {
  deploy: number;
  upgrade: number;
  rollback: number;
}

/** For information: fifty objects deployed, upgraded (every object changes, and every pod) and rolled back. */
export async function describeFifty({ chandlery, helm, raw }: DeployStage): Promise<string[]> {
  let count = 0;
  const nextName = () => `fifty-${++count}`;

  const ours = async (): Promise<Life> => {
    const name = nextName();
    const { ms: deploy } = await chandlery.deploy(name, FIFTY);
    const { ms: upgrade } = await chandlery.upgrade(name);
    const { ms: rollback } = await chandlery.rollback(name);
    await chandlery.destroy(name);
    return { deploy, upgrade, rollback };
  };
  const helmLife = (program: Helm) => async (): Promise<Life> => {
    const name = nextName();
    const deploy = await program.install(name, FIFTY);
    const upgrade = await program.upgrade(name, FIFTY);
    const rollback = await program.rollback(name);
    await program.uninstall(name);
    await raw.gone(NAMESPACES.helm, name, FIFTY);
    return { deploy, upgrade, rollback };
  };
  const floor = async () => {
    const name = nextName();
    const { ready: deploy } = await raw.apply(name, FIFTY);
    const { ready: upgrade } = await raw.upgrade(name, FIFTY);
    await raw.remove(name, FIFTY);
    return { deploy, upgrade };
  };

  const things = { ours, plain: helmLife(helm.plain), raised: helmLife(helm.raised), floor };
  const lives = await measureInTurn(things, { rounds: ROUNDS, warmUp: WARM_UP });
  return (['deploy', 'upgrade', 'rollback'] as const).map((verb) => {
    const times = (name: keyof typeof things) => lives[name].map((life: Partial<Life>) => life[verb] ?? Number.NaN);
    const [plain, raised] = [comparePairs(times('ours'), times('plain')), comparePairs(times('ours'), times('raised'))];
    const bare = verb === 'rollback' ? '' : `, bare patches and a watch ${round(median(times('floor')))} ms`;
    return `${verb} of 50: ${round(plain.ours)} ms; Helm ${round(plain.peer)} ms (ratio ${plain.ratio.toFixed(2)}), with its requests not held back ${round(raised.peer)} ms (ratio ${raised.ratio.toFixed(2)})${bare}`;
  });
}
