/**
 * THREATS.md, "Metadata and thresholds", "Network", "Plugins": the attacks of the demo on one small plugin. Each works
 * on a build without its check, and is refused by the real one with its own exit code and nothing changed on the host.
 */
import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attacks } from './attack-table.ts';
import { admit, attempt, prepare, type World } from './attacks.ts';
import { evilServer } from './evil-server.ts';
import { limits } from './postmark.ts';
import { newStage, ragvQuietly, repositoryRoot } from './stage.ts';
import { setVersion } from './story.ts';

// Below node_modules, so that the weakened builds find third-party packages as the real one does.
const folder = join(repositoryRoot, 'node_modules', '.cache', `ragv-attacks-${process.pid}`);
let world: World;

beforeAll(async () => {
  await mkdir(folder, { recursive: true });
  const stage = await newStage(folder);
  const operator = { cwd: stage.dir, env: stage.operatorEnv };
  const host = { cwd: stage.host, env: stage.hostEnv };
  await cp(join(repositoryRoot, 'examples', 'hello-plugin'), join(stage.dir, 'hello-plugin'), {
    recursive: true,
  });
  await setVersion(join(stage.dir, 'hello-plugin'), '1.2.0');
  await ragvQuietly(['init', 'vault', '--vendor', 'acme'], operator);
  await ragvQuietly(['publish', 'hello-plugin', '--vault', 'vault'], operator);
  const server = await evilServer(join(stage.vault, 'public'), 0);
  try {
    const url = `http://127.0.0.1:${server.port}/`;
    await ragvQuietly(
      ['trust', 'init', url, '--root', join(stage.vault, '1.root.json'), '--single-signer'],
      host,
    );
    await ragvQuietly(['install', 'acme/hello'], host);
  } finally {
    await server.close();
  }
  world = await prepare(stage, server.port);
}, 120_000);

afterAll(async () => rm(folder, { recursive: true, force: true }));

for (const attack of attacks)
  test(`${attack.id}: ${attack.title}`, { timeout: 60_000 }, async () => {
    const verdict = await attempt(world, attack);
    if (process.env['SHOW'] !== undefined || !verdict.refused) console.log(verdict);
    expect(verdict).toMatchObject({
      workedWithoutCheck: true,
      exit: attack.exit,
      refused: true,
      unchanged: true,
    });
  });

for (const limit of limits)
  test(`${limit.id}, which no check stops: ${limit.title}`, { timeout: 60_000 }, async () => {
    const found = await admit(world, limit);
    expect(found).toMatchObject({ worked: true });
    expect(found.shown).toMatch(/^\s*\d+ \+ /);
  });
