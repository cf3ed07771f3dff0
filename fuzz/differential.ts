/**
 * Mutants of a good repository, judged by our trust core, our client, python-tuf and tuf-js. A verdict (refused, or which
 * bytes the target has) that differs stands in `differences.ts` with its reason, or the run fails.
 */
import { build, newWorld, type Change } from '../packages/tuf/test/fuzz/base.ts';
import { checks, type Check } from '../packages/tuf/test/fuzz/checks.ts';
import { judge } from '../packages/tuf/test/fuzz/judge.ts';
import { namedMutants, randomMutant } from '../packages/tuf/test/fuzz/mutants.ts';
import { random } from '../packages/tuf/test/fuzz/random.ts';
import { differences, type PeerName } from './differences.ts';
import { ours, pythonTuf, tufJs, type Answer, type Peer } from './lib/peers.ts';
import type { Python } from './lib/python.ts';
import type { Outcome } from './lib/report.ts';
import { mention } from './lib/say.ts';

const batch = 250;

function add<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

export async function differential(
  python: Python | null,
  npm: boolean,
  {
    long,
    seed,
    mutants: randomMutants,
    minutes,
  }: {
    readonly long: boolean;
    readonly seed: number;
    readonly mutants: number;
    /** No new batch after that. */
    readonly minutes: number;
  },
): Promise<Outcome> {
  const world = newWorld();
  const source = random(seed);
  const named: (readonly Change[])[] = namedMutants().map((change) => [change]);
  const mutants = [[], ...named, ...Array.from({ length: randomMutants }, () => randomMutant(source))];
  const peers: [PeerName, Peer][] = [];
  if (python !== null) peers.push(['python-tuf', pythonTuf(python)]);
  if (npm) peers.push(['tuf-js', tufJs()]);

  const reached = new Map<Check, number>(checks.map((check) => [check, 0]));
  const stopped = new Map<Check, number>(checks.map((check) => [check, 0]));
  const explained = new Map<string, number>();
  const faults: string[] = [];
  const crashes = new Map<PeerName, number>();
  const end = performance.now() + minutes * 60_000;
  let judged = 0;
  for (let start = 0; start < mutants.length && performance.now() < end; start += batch) {
    const cases = mutants.slice(start, start + batch).map((changes) => {
      const files = build(world, 3, changes, world.before);
      const names = changes.map(({ name }) => name).join(' + ') || 'nothing changed';
      return { files, names, core: judge(world, files, new Date()) };
    });
    for (const { core } of cases) {
      for (const check of checks.slice(0, checks.indexOf(core.stoppedAt) + 1)) add(reached, check);
      add(stopped, core.stoppedAt);
    }
    const files = cases.map((one) => one.files);
    const asked = [['client', ours] as const, ...peers];
    const answers = await Promise.all(
      asked.map(async ([name, ask]) => [name, await ask(world, files)] as const),
    );
    for (const [name, all] of answers)
      for (const [index, { core, names, files }] of cases.entries()) {
        const answer = all[index];
        if (answer === undefined) throw new Error(`${name} did not answer`);
        if (name !== 'client' && answer.crash) add(crashes, name);
        if (verdict(answer) === verdict(core)) continue;
        const words = `${names}: ours ${verdict(core)} ${core.code} ${core.message}; ${name} ${verdict(answer)} ${answer.error}`;
        const found = { ours: core, theirs: answer, files };
        const reason =
          name === 'client'
            ? undefined
            : differences.find((entry) => entry.peers.includes(name) && entry.applies(found));
        if (reason === undefined) faults.push(`UNEXPLAINED ${words}`);
        else add(explained, `${name}: ${reason.name}`);
      }
    judged += cases.length;
    if (long) mention(`${judged} of ${mutants.length}`);
  }
  for (const check of checks)
    if ((stopped.get(check) ?? 0) === 0) faults.push(`NO MUTANT was stopped at ${check}`);
  const row = (count: number | undefined, words: string): string =>
    `  ${String(count ?? 0).padStart(7)}  ${words}`;
  return {
    lines: [
      `differential: ${judged} mutants (${named.length} by name), ${peers.map(([name]) => name).join(' and ') || 'no peer'}, ${faults.length} faults`,
      'mutants that reached each check, and were stopped there:',
      ...checks.map(
        (check) =>
          `  ${String(reached.get(check)).padStart(7)} ${String(stopped.get(check)).padStart(7)}  ${check}`,
      ),
      'differences, each with its reason:',
      ...[...explained].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, count]) => row(count, name)),
      ...[...crashes].map(([name, count]) =>
        row(count, `mutants made ${name} throw what it does not mean to`),
      ),
      ...faults.slice(0, long ? 100 : 400),
    ],
    good: faults.length === 0,
  };
}

function verdict({ accepted, target }: Pick<Answer, 'accepted' | 'target'>): string {
  return accepted ? `accepts ${target?.slice(0, 8) ?? 'no target'}` : 'refuses';
}
