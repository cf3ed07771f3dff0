// Mirrors: fail-over request by request, and nothing of theirs is believed more than the repository.
import { mirroredFetcher } from '@ragnos/client';
import { faultyFetcher, type Fault } from '@ragnos/testkit';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { codeOf, Scene } from './setup.ts';

/** The repository at its own address and at two mirrors, each with its faults. */
function mirrored(faults: readonly Fault[]) {
  const scene = new Scene();
  const asked: string[] = [];
  const copies = {
    fetch: (url: URL, options: Parameters<typeof scene.sim.fetch>[1]) =>
      scene.sim.fetch(new URL(url.pathname.slice(1), scene.sim.baseUrl), options),
  };
  const network = faultyFetcher(copies, faults);
  const fetcher = mirroredFetcher({
    fetcher: {
      fetch: (url, options) => {
        asked.push(`${url.host}${url.pathname}`);
        return network.fetch(url, options);
      },
    },
    baseUrl: scene.sim.baseUrl,
    mirrors: ['https://one.example/', 'https://two.example'],
  });
  return { scene, asked, fetcher };
}

test('the repository alone is asked while it answers, but for a root that may be elsewhere', async () => {
  const { scene, asked, fetcher } = mirrored([]);
  await scene.refreshed({ fetcher });
  expect(asked.filter((url) => !url.endsWith('root.json')).map((url) => url.split('/')[0])).toEqual(
    Array.from({ length: 3 }, () => 'simulator.example'),
  );
  expect(asked.filter((url) => url.endsWith('/2.root.json'))).toHaveLength(3);
});

describe('when the repository fails', () => {
  const faults: Readonly<Record<string, readonly Fault[]>> = {
    'nobody answers': [{ kind: 'unreachable', match: 'simulator.example' }],
    'it answers 500, and the first mirror 403': [
      { kind: 'status', status: 500, match: 'simulator.example' },
      { kind: 'status', status: 403, match: 'one.example' },
    ],
    'it has lost a file': [
      { kind: 'status', status: 404, match: 'simulator.example/metadata/2.snapshot.json' },
    ],
  };
  test.for(Object.entries(faults))('%s', async ([, list]) => {
    const { scene, fetcher } = mirrored(list);
    const updater = await scene.refreshed({ fetcher });
    const info = await updater.find('a/b.txt');
    await updater.download(info!, join(scene.dir, 'out.txt'));
    expect(info).toMatchObject({ length: 5 });
  });

  test('who answered is asked first from then on', async () => {
    const { scene, asked, fetcher } = mirrored([{ kind: 'unreachable', match: 'simulator.example' }]);
    const updater = await scene.refreshed({ fetcher });
    asked.length = 0;
    const info = await updater.find('a/b.txt');
    await updater.read(info!, { maxLength: 10 });
    expect(asked.map((url) => url.split('/')[0])).toEqual(['one.example']);
  });

  test('a cut download goes on where it stopped, at whoever has the rest', async () => {
    const { scene, fetcher } = mirrored([{ kind: 'cut', after: 2, match: 'simulator.example/targets' }]);
    const updater = await scene.refreshed({ fetcher });
    const info = await updater.find('a/b.txt');
    expect(Buffer.from(await updater.read(info!, { maxLength: 10 })).toString()).toBe('hello');
  });

  test('all of them: what the last one threw', async () => {
    const { scene, fetcher } = mirrored([{ kind: 'status', status: 503, match: '.example' }]);
    expect(await codeOf(scene.refreshed({ fetcher }))).toBe('HTTP_STATUS');
  });
});

test('a mirror that lies is refused like the repository itself', async () => {
  const { scene, fetcher } = mirrored([
    { kind: 'unreachable', match: 'simulator.example' },
    { kind: 'flip', match: 'one.example/metadata/timestamp.json' },
  ]);
  expect(['UNSIGNED', 'MALFORMED']).toContain(await codeOf(scene.refreshed({ fetcher })));
});
