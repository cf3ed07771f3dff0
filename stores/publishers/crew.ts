import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('publisher.ts', import.meta.url));

export interface Published {
  readonly publisher: string;
  readonly index: number;
  readonly milliseconds: number;
  readonly attempts: number;
  readonly requests: number;
}

export interface CrewOptions {
  readonly uri: string;
  readonly folder: string;
  readonly keysFile: string;
  readonly names: readonly string[];
  readonly count: number;
  /** One of them is killed -9 this often, and started again. `null`: none. */
  readonly killEveryMs: number | null;
  readonly env: Readonly<Record<string, string>>;
}

export interface CrewResult {
  readonly published: readonly Published[];
  readonly kills: number;
  readonly seconds: number;
  /** What a publisher said that ended by itself with a failure. */
  readonly failures: readonly string[];
}

/** Runs publishers until each has published all it has to. */
export async function runCrew(options: CrewOptions): Promise<CrewResult> {
  const published: Published[] = [];
  const failures: string[] = [];
  const running = new Map<string, ChildProcess>();
  const begun = performance.now();
  let kills = 0;
  const work = async (name: string): Promise<void> => {
    for (;;) {
      const { signal, code, said } = await runOne(name, options, running, published);
      if (signal === 'SIGKILL') continue;
      if (code !== 0) failures.push(`${name}: exit code ${code}: ${said}`);
      return;
    }
  };
  const done = Promise.all(options.names.map(work));
  const over = new AbortController();
  const killing = (async (): Promise<void> => {
    for (let seen = 0; options.killEveryMs !== null;) {
      await sleep(options.killEveryMs * (0.5 + Math.random()), undefined, { signal: over.signal });
      if (published.length === seen) continue; // on a slow machine, nobody would ever get anywhere
      seen = published.length;
      const victims = [...running.values()];
      if (victims[Math.floor(Math.random() * victims.length)]?.kill('SIGKILL') === true) kills++;
    }
  })().catch(() => undefined);
  await done;
  over.abort();
  await killing;
  return { published, kills, failures, seconds: (performance.now() - begun) / 1000 };
}

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly said: string;
}

function runOne(
  name: string,
  { uri, folder, keysFile, count, env }: CrewOptions,
  running: Map<string, ChildProcess>,
  published: Published[],
): Promise<Ended> {
  const args = [uri, `${folder}/staging-${name}`, keysFile, name, String(count)];
  const child = spawn(process.execPath, ['--conditions=@ragnos/source', program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  running.set(name, child);
  let said = '';
  child.stderr.on('data', (chunk) => (said += String(chunk)));
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [index, milliseconds, attempts, requests] = line.split(' ').map(Number);
    if (index === undefined || Number.isNaN(index) || requests === undefined) return;
    published.push({
      publisher: name,
      index,
      milliseconds: milliseconds ?? 0,
      attempts: attempts ?? 0,
      requests,
    });
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      running.delete(name);
      resolve({ code, signal, said });
    });
  });
}
