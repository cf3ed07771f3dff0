/** `Host.run`, as `ragv run` uses it: what it runs is judged by the newest that its home knows, and it asks by itself. */
import { PassThrough } from 'node:stream';
import { openHost, parseOrganisationPolicy, serializeOrganisationPolicy } from '@ragnos/plugin';
import { expect, test } from 'vitest';
import { World } from '../host/world.ts';
import { agreed, moduleFiles, publishModule } from './plugins.ts';

const minute = { timeout: 60_000 };
const hour = 3_600_000;

function revoke(world: World): void {
  world.revoke(...[...world.index().versions.values()].map(({ artifact }) => artifact.sha256));
}

function sign(world: World, ...rules: readonly object[]): void {
  const text = JSON.stringify({ format: 'ragnos-organisation-policy/1', rules });
  const bytes = serializeOrganisationPolicy(parseOrganisationPolicy(Buffer.from(text)));
  world.simulator.addTarget('policy/organisation.json', bytes, 'policy');
  world.simulator.publish('policy');
}

async function installed(...rules: readonly object[]): Promise<World> {
  const world = await World.create();
  await publishModule(world, moduleFiles('setInterval(() => undefined, 1000); process.stdin.resume();'), {
    main: null,
    bin: 'index.js',
  });
  sign(world, ...rules);
  await (await world.host()).install('acme/hello', agreed);
  return world;
}

/** A session that goes on until it is ended. */
async function session(world: World, recheckEveryMs: number, offline = false) {
  const host = await openHost({
    home: world.home,
    fetcher: world.simulator,
    now: () => world.now,
    offline,
  });
  const judged: (readonly [string, boolean])[] = [];
  let up = (): void => undefined;
  const started = new Promise<void>((resolve) => (up = resolve));
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const ending = new AbortController();
  const end = host
    .run('acme/hello', [], {
      stdio: streams,
      mode: 'process',
      recheckEveryMs,
      signal: ending.signal,
      onStart: () => up(),
      onJudged: ({ message }, stopped) => void judged.push([message, stopped]),
    })
    .then(
      () => 'ended',
      (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : String(error)),
    );
  await Promise.race([started, end]);
  return { end, judged, stop: () => ending.abort(new Error('enough')) };
}

test('an open session ends soon after another process has heard of a revocation', minute, async () => {
  const world = await installed({ for: '*', onRevoked: 'stop' });
  const { end, judged } = await session(world, hour);
  revoke(world);
  await (await world.host()).status(); // somebody else refreshes this home
  expect(await end).toBe('REVOKED');
  expect(judged).toMatchObject([[expect.stringContaining('is revoked since'), true]]);
});

test('without a rule it is told, and goes on', minute, async () => {
  const world = await installed();
  const { end, judged, stop } = await session(world, hour);
  revoke(world);
  await (await world.host()).status();
  await expect.poll(() => judged, { timeout: 20_000 }).toMatchObject([[expect.any(String), false]]);
  stop();
  expect(await end).toContain('enough');
});

test('a session asks by itself', minute, async () => {
  const world = await installed({ for: '*', onRevoked: 'stop' });
  const { end } = await session(world, 1_500);
  revoke(world);
  expect(await end).toBe('REVOKED');
});

test(
  'a start with knowledge that is old asks beside it: what was revoked long ago does not stay',
  minute,
  async () => {
    const world = await installed();
    revoke(world);
    world.now = new Date(world.now.getTime() + hour);
    const { end } = await session(world, hour);
    expect(await end).toBe('REVOKED'); // also where the policy would only warn of what runs
    const again = await session(world, hour);
    expect(await again.end).toBe('REVOKED');
  },
);

async function* silence(): AsyncGenerator<Uint8Array> {
  await new Promise(() => undefined);
  yield new Uint8Array();
}

test('no network delays or ends it: it goes by what is known', minute, async () => {
  const world = await installed({ for: '*', onRevoked: 'stop' });
  revoke(world);
  world.now = new Date(world.now.getTime() + hour);
  for (const offline of [true, false]) {
    if (!offline) Object.assign(world.simulator, { fetch: silence });
    const began = performance.now();
    const { end, judged, stop } = await session(world, hour, offline);
    expect(performance.now() - began).toBeLessThan(15_000);
    stop();
    expect(await end).toContain('enough');
    expect(judged).toEqual([]);
  }
});
