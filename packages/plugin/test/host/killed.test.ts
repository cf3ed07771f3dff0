/** A host that is killed whenever it hits it: the next one finds the old state or the new one, whole, and nothing besides. */
import { once } from 'node:events';
import { chmodSync, cpSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startScript } from '@ragnos/testkit/start-script';
import { filePath, trustRepository, type Host } from '@ragnos/plugin';
import { describe, expect, test } from 'vitest';
import { dice, processesNaming } from './below.ts';
import { operations } from './operations.ts';
import { agreed, tempFolder, treeOf, World } from './world.ts';

const kills = 5;
const { seed, roll } = dice();

/** A plugin of some files, which runs when it is started. */
function filesOf(version: string): Readonly<Record<string, string>> {
  return {
    'package.json': JSON.stringify({ name: 'hello', version, type: 'module' }),
    'index.js': `export const version = () => '${version}'; setInterval(() => 1, 1000);`,
    ...Object.fromEntries(
      Array.from({ length: 60 }, (_, n) => [`lib/${n % 7}/${n}.txt`, `${version} ${n}`.repeat(500)]),
    ),
  };
}

async function publish(world: World, version: string): Promise<void> {
  const change: NonNullable<Parameters<World['publish']>[1]>['change'] = (manifest) => ({
    ...manifest,
    entry: { main: filePath('index.js'), bin: new Map() },
    capabilities: { 'fs.write': ['$temp'] },
  });
  await world.publish(version, { files: filesOf(version), change });
}

/** A host on which 2.0.0 is installed and 2.1.0 published, or 2.1.0 after 2.0.0; of a repository in a folder. */
async function onDisk(both: boolean): Promise<World> {
  const world = await World.create();
  await publish(world, '2.0.0');
  await (await world.host()).install('acme/hello', agreed);
  await publish(world, '2.1.0');
  if (both) await (await world.host()).install('acme/hello', agreed);
  await trustRepository({ ...world.trustOptions(), url: await world.onDisk(), fetcher: undefined });
  return world;
}

interface Case {
  readonly both: boolean;
  readonly prepare?: (host: Host) => Promise<void>;
  /** Which version may be in force afterwards, the last if it was done; `null` = none. */
  readonly versions: readonly (string | null)[];
  /** Whether the next host has to repair, as it would before it starts the plugin. */
  readonly mayBeDamaged?: boolean;
  /** Whether it starts the plugin. */
  readonly starts?: boolean;
}

const cases: Readonly<Record<string, Case>> = {
  install: { both: false, versions: ['2.0.0', '2.1.0'], starts: true },
  repair: {
    both: true,
    versions: ['2.1.0'],
    mayBeDamaged: true,
    prepare: async (host) => {
      const [installed] = await host.list();
      const folder = installed?.folder ?? '';
      rmSync(join(folder, 'lib/0'), { recursive: true });
      chmodSync(join(folder, 'lib'), 0o755);
      writeFileSync(join(folder, 'lib/added.js'), 'evil');
      for (let n = 1; n < 60; n += 7) {
        chmodSync(join(folder, `lib/1/${n}.txt`), 0o644);
        writeFileSync(join(folder, `lib/1/${n}.txt`), 'evil');
      }
    },
  },
  rollback: { both: true, versions: ['2.1.0', '2.0.0'] },
  uninstall: { both: true, versions: ['2.1.0', null] },
};

/** Runs it in a process of its own, and kills that after so many milliseconds; `null` = lets it end. */
async function operate(
  world: World,
  operation: string,
  after: number | null,
): Promise<{ readonly pid: number; readonly ms: number }> {
  const script = join(import.meta.dirname, 'operator.ts');
  const child = startScript(script, world.home, world.project, world.now.toISOString(), operation);
  const closed = once(child, 'close');
  await once(child.stdout, 'data');
  let said = '';
  child.stdout.on('data', (data: Buffer) => (said += data.toString()));
  if (after !== null) {
    await sleep(after);
    child.kill('SIGKILL');
  }
  await closed;
  return { pid: child.pid ?? 0, ms: Number(/"ms":([\d.]+)/.exec(said)?.[1] ?? 0) };
}

/** The names of all that lies in the home, but for its log, what is locked by, which stays, and a file that was just being written. */
function namesIn(home: string): readonly string[] {
  const ignored = /(?:^|\/)(?:events\S*\.jsonl|live\/.*|[^/]*lock-journal|\.ragv-[0-9a-f]{24}\.tmp)$/;
  return [...treeOf(home).keys()].filter((name) => !ignored.test(name)).toSorted();
}

/** Those of these processes, in the places where private ones are made. */
function foldersOf(pids: ReadonlySet<number>): readonly string[] {
  return [tmpdir(), '/dev/shm'].flatMap((place) =>
    readdirSync(place)
      .filter((name) => pids.has(Number(/^ragv-(?:copy|temp)-(\d+)-/.exec(name)?.[1])))
      .map((name) => join(place, name)),
  );
}

describe.runIf(process.platform === 'linux').each(Object.entries(cases))(
  `killed ${kills} times at random moments (RAGV_SEED=${seed}), a host that is to %s`,
  (name, { both, prepare, versions, mayBeDamaged = false, starts = false }) => {
    test('leaves a home that is whole', { timeout: 240_000 }, async () => {
      const world = await onDisk(both);
      await prepare?.(await world.host({ fetcher: undefined }));
      const template = join(tempFolder(), 'home');
      cpSync(world.home, template, { recursive: true });
      const anew = (): void => {
        rmSync(world.home, { recursive: true, force: true });
        cpSync(template, world.home, { recursive: true });
      };
      const { ms } = await operate(world, name, null);
      const finished = namesIn(world.home);
      const killed = new Set<number>();
      for (let n = 0; n < kills; n++) {
        anew();
        const { pid } = await operate(world, name, 15 + roll() * (ms + 10));
        killed.add(pid);
        const running = (): readonly number[] =>
          [world.home, `ragv-copy-${pid}-`].flatMap((text) => processesNaming(text));
        await expect.poll(running, { timeout: 5_000 }).toEqual([]);

        const host = await world.host({ fetcher: undefined }); // the next command of any kind
        const version = (await host.list())[0]?.version ?? null;
        expect(versions).toContain(version);
        const verified = await host.verify(undefined, { repair: mayBeDamaged });
        expect(verified.map(({ ok }) => ok)).toEqual(version === null ? [] : [true]);
        if (version !== versions.at(-1)) await operations[name]?.(host);
        expect(namesIn(world.home)).toEqual(finished);
      }
      // Those that were killed before they had locked theirs are swept when that can be no more.
      for (const folder of foldersOf(killed)) utimesSync(folder, 0, 0);
      anew();
      await operate(world, name, null);
      expect(starts ? foldersOf(killed) : []).toEqual([]);
    });
  },
);
