/**
 * The key of timestamp is stolen and the audit log is lost: `ragv key revoke` and `ragv log restart`, in either order. Each command
 * says which one comes next, and a client that remembers follows all along.
 */
import { rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ours } from '../../../interop/lib/job.ts';
import { serveFolder } from '../../../interop/lib/server.ts';
import { json, world, write, type Said } from './ragv.ts';

const long = { timeout: 300_000 };
const secret = '--password-file password';

interface Drill {
  readonly exits: (exit: number, line: string) => Promise<Said>;
  readonly add: (name: string, exit?: number) => Promise<Said>;
  /** By a client that remembers what it saw the last time. */
  readonly reads: (name: string) => Promise<void>;
}

/** A vault whose log is lost, and a client that knew it. */
async function drill(run: (drill: Drill) => Promise<void>): Promise<void> {
  const { ragv, folder } = world();
  const exits: Drill['exits'] = async (exit, line) => {
    const said = await ragv(line);
    expect(said, `${line}\n${said.stderr}`).toMatchObject({ exit });
    return said;
  };
  const add: Drill['add'] = async (name, exit = 0) => {
    write(join(folder, name), name);
    return exits(exit, `target add ${name} --vault v ${secret}`);
  };
  write(join(folder, 'password'), 'correct horse battery staple\n', 0o600);
  await exits(0, `init v --vendor acme ${secret}`);
  await add('tool');
  const server = await serveFolder(join(folder, 'v', 'public'));
  const out = join(folder, 'client');
  const root = join(folder, 'v', '1.root.json');
  const reads = async (name: string): Promise<void> => {
    await mkdir(out, { recursive: true });
    const contents = new Map([[name, Buffer.from(name)]]);
    const outcome = await ours({ root, url: server.url, out, contents, limitMs: 60_000 });
    expect(outcome).toEqual({ kind: 'accepted' });
  };
  try {
    await reads('tool');
    rmSync(join(folder, 'v', 'public', 'log'), { recursive: true });
    await run({ exits, add, reads });
  } finally {
    await server.close();
  }
}

const revoke = `key revoke --compromised timestamp --vault v ${secret} --yes`;
const restart = `log restart --reason "the thief deleted it" --vault v ${secret} --yes`;

test('the stolen key first', long, async () => {
  await drill(async ({ exits, add, reads }) => {
    const said = await exits(0, revoke);
    expect(said.stdout).toMatch(/root version 2 is in force[\s\S]*the audit log is lost.*ragv log restart/);
    await reads('tool');
    expect((await add('saw', 3)).stderr).toMatch(/\[LOG_MISSING\][\s\S]*ragv log restart/);
    await exits(0, restart);
    await add('saw');
    await reads('saw');
    expect((await exits(10, 'log verify --vault v')).stdout).toContain('the log is whole');
    await exits(0, 'status --vault v');
  });
});

test('the log first', long, async () => {
  await drill(async ({ exits, add, reads }) => {
    await exits(0, restart);
    await reads('tool');
    const said = json((await exits(0, `${revoke} --json`)).stdout);
    expect(said).toMatchObject({ outcome: 'applied', rootVersion: 3, reset: null, logLost: false });
    await add('saw');
    await reads('saw');
    expect((await exits(10, 'log verify --vault v')).stdout).toContain('the log is whole');
    await exits(0, 'status --vault v');
  });
});

test('another key waits for the log, and nothing was signed for it', long, async () => {
  await drill(async ({ exits, add, reads }) => {
    const snapshot = `key revoke --compromised snapshot --vault v ${secret} --yes`;
    expect((await exits(3, snapshot)).stderr).toMatch(/\[LOG_MISSING\][\s\S]*ragv log restart/);
    await exits(0, restart);
    await exits(0, snapshot);
    await add('saw');
    await reads('saw');
  });
});
