// Everything that waits says for what, and ends when it is told to; an answer comes from the origin that was asked.
import type { WaitProgress } from '@ragnos/client';
import { defineFetcher, httpFetcher, mirroredFetcher } from '@ragnos/client';
import { lockFile } from '@ragnos/disk';
import { body, faultyServer, redirect } from '@ragnos/testkit';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';

import { codeOf, hours, never, Scene } from './setup.ts';

/** Each thing that was waited for, with the bytes of its last report. */
function ears() {
  const last = new Map<string, WaitProgress>();
  return { last, onProgress: (progress: WaitProgress) => void last.set(progress.what, progress) };
}

describe('progress', () => {
  test('of a refresh: the lock, then each file with its length as far as that is signed', async () => {
    const scene = new Scene();
    const { last, onProgress } = ears();
    await (await scene.open()).refresh({ onProgress });
    expect([...last.keys()]).toEqual([
      'lock',
      '2.root.json',
      'timestamp.json',
      '2.snapshot.json',
      '2.targets.json',
    ]);
    expect(last.get('2.root.json')).toMatchObject({ received: 0, total: null }); // there is none
    const size = scene.sim.file('metadata/2.snapshot.json')?.length;
    expect(last.get('2.snapshot.json')).toMatchObject({ received: size, total: size });
    expect(last.get('timestamp.json')).toMatchObject({ total: null });
  });

  test('of a look-up: the roles that it loads, each caller its own', async () => {
    const scene = new Scene();
    scene.sim.delegate({ name: 'role' });
    scene.sim.addTarget('x', '1', 'role');
    scene.sim.publish('targets', 'role');
    const updater = await scene.refreshed();
    const [one, two] = [ears(), ears()];
    await Promise.all([updater.find('x', one), updater.find('x', two)]);
    expect([...one.last.keys()]).toEqual(['2.role.json']);
    expect([...two.last.keys()]).toEqual(['2.role.json']);
    expect(await updater.find('x')).not.toBeNull();
  });

  test('of a refresh that was not due: nothing is waited for', async () => {
    const scene = new Scene();
    const updater = await scene.refreshed();
    const { last, onProgress } = ears();
    await updater.refreshIfDue({ onProgress });
    expect(last.size).toBe(0);
    scene.now = hours(2);
    await updater.refreshIfDue({ onProgress });
    expect([...last.keys()]).toContain('timestamp.json');
  });
});

describe('abort', () => {
  const reason = new Error('enough');

  test('while another holds the folder', async () => {
    const scene = new Scene();
    const updater = await scene.refreshed();
    const lock = await lockFile(join(scene.dir, 'lock'));
    const aborting = new AbortController();
    const refresh = updater.refresh({ signal: aborting.signal });
    await nextTurn();
    aborting.abort(reason);
    await expect(refresh).rejects.toBe(reason);
    lock.release();
    await expect(updater.refresh()).resolves.toBeUndefined();
  });

  test.each(['timestamp.json', '3.snapshot.json', '3.targets.json'])(
    'while %s arrives: what was trusted stays, the folder is free, the next refresh works',
    async (file) => {
      const scene = new Scene();
      const updater = await scene.refreshed();
      const before = updater.knowledge().versions;
      scene.sim.publish();
      const aborting = new AbortController();
      const { signal } = aborting;
      const onProgress = ({ what }: WaitProgress) => {
        if (what === file) aborting.abort(reason);
      };
      await expect(updater.refresh({ signal, onProgress })).rejects.toBe(reason);
      expect(updater.knowledge().versions).toEqual(before);
      await updater.refresh();
      expect(updater.knowledge().versions.get('targets')).toBe(3);
    },
  );

  test('is no staleness: the policy does not turn it into an old answer', async () => {
    const scene = new Scene();
    const warned: string[] = [];
    const stale = { maxAgeMs: 1e9, warn: ({ code }: { readonly code: string }) => void warned.push(code) };
    const updater = await scene.refreshed({ stale });
    const refresh = updater.refresh({ signal: AbortSignal.abort(reason) });
    await expect(refresh).rejects.toBe(reason);
    expect(warned).toEqual([]);
  });

  test('of one look-up is not the abort of another for the same role', async () => {
    const scene = new Scene();
    scene.sim.delegate({ name: 'role' });
    scene.sim.addTarget('x', '1', 'role');
    scene.sim.publish('targets', 'role');
    const updater = await scene.refreshed();
    const aborted = updater.find('x', { signal: AbortSignal.abort(reason) });
    const other = updater.find('x');
    await expect(aborted).rejects.toBe(reason);
    expect(await other).not.toBeNull();
  });
});

describe('origin', () => {
  const ends = {
    'another host': 'https://evil.example/metadata/timestamp.json',
    'another port': 'https://simulator.example:8443/metadata/timestamp.json',
    'another scheme': 'http://simulator.example/metadata/timestamp.json',
    'a file': 'file:///metadata/timestamp.json',
    'a host below': 'https://cdn.simulator.example/metadata/timestamp.json',
  };
  test.each(Object.entries(ends))('a transport that ended at %s is refused', async (_name, end) => {
    const scene = new Scene();
    const fetcher = defineFetcher({
      open: async (url, request) => {
        if (url.pathname.endsWith('timestamp.json')) request.arrivedAt(new URL(end));
        return scene.sim.fetch(url, request);
      },
    });
    expect(await codeOf(scene.refreshed({ fetcher }))).toBe('REDIRECT');
  });

  test('a file that turned out to be something else is refused, though neither has an origin', async () => {
    const fetcher = defineFetcher({
      open: async (_url, request) => {
        request.arrivedAt(new URL('data:,x'));
        return (async function* () {})();
      },
    });
    const fetched = fetcher.fetch(new URL('file:///x'), { maxLength: 9 })[Symbol.asyncIterator]().next();
    expect(await codeOf(fetched)).toBe('REDIRECT');
  });

  test('one that ended elsewhere at the same origin is not', async () => {
    const scene = new Scene();
    const fetcher = defineFetcher({
      open: async (url, request) => {
        request.arrivedAt(new URL(`/moved${url.pathname}`, url));
        return scene.sim.fetch(url, request);
      },
    });
    await expect(scene.refreshed({ fetcher })).resolves.toBeDefined();
  });

  test('a mirror that sends elsewhere is passed over, over real HTTP, and the other place is never asked', async () => {
    const scene = new Scene();
    const [repository, mirror, elsewhere] = await Promise.all([
      faultyServer(),
      faultyServer(),
      faultyServer(),
    ]);
    for (const [path, content] of scene.sim.files()) {
      repository.on(path, redirect(`${elsewhere.url.href}${path}`));
      elsewhere.on(path, body(content));
      mirror.on(path, body(content));
    }
    const http = httpFetcher();
    const fetcher = mirroredFetcher({ fetcher: http, baseUrl: repository.url, mirrors: [mirror.url] });
    const updater = await scene.refreshed({ baseUrl: repository.url, fetcher });
    const info = (await updater.find('a/b.txt')) ?? never();
    expect(await updater.read(info, { maxLength: 10 })).toHaveLength(5);
    expect(elsewhere.requests).toEqual([]);
    http.close();
    await Promise.all([repository.close(), mirror.close(), elsewhere.close()]);
  });
});
