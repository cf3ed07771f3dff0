import type { UpdaterOptions } from '@ragnos/client';
import { Updater } from '@ragnos/client';
import { RepositorySimulator } from '@ragnos/testkit';
import type { SimulatorOptions } from '@ragnos/testkit';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const start = new Date('2026-01-01T00:00:00Z');
export const hours = (count: number): Date => new Date(start.getTime() + count * 3600_000);

export function temporary(): string {
  return mkdtempSync(join(tmpdir(), 'ragnos-client-'));
}

/** A simulator with one target, a folder for trusted metadata, and clients made from both. */
export class Scene {
  readonly sim: RepositorySimulator;
  readonly dir = join(temporary(), 'metadata');
  now = start;

  constructor(options: SimulatorOptions = {}) {
    this.sim = new RepositorySimulator({ now: start, ...options });
    this.sim.addTarget('a/b.txt', 'hello');
    this.sim.publish();
  }

  open(options: Partial<UpdaterOptions> = {}): Promise<Updater> {
    return Updater.open({
      dir: this.dir,
      baseUrl: this.sim.baseUrl,
      root: this.sim.firstRoot,
      fetcher: this.sim,
      now: () => this.now,
      lockTimeoutMs: 5_000,
      ...options,
    });
  }

  async refreshed(options: Partial<UpdaterOptions> = {}): Promise<Updater> {
    const updater = await this.open(options);
    await updater.refresh();
    return updater;
  }

  /** The requests since the last call. */
  asked(): readonly string[] {
    return this.sim.requests.splice(0);
  }
}

export const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
export const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);

/** The code that `promise` is refused with; `none` if it is not. For codes of which several are right. */
export function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'none',
    (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : String(error)),
  );
}

export function never(): never {
  throw new Error('the test is wrong');
}
