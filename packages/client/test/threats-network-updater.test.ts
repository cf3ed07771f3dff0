// THREATS.md, "Network", as the whole client meets it: refused with a typed error, nothing kept, the next refresh works.
import { holdsTarget } from '@ragnos/client';
import type { Fault, FaultKind } from '@ragnos/testkit';
import { body, cut, faultyFetcher, faultyServer, redirect, writeFiles } from '@ragnos/testkit';
import { hexDigest, roleName } from '@ragnos/tuf';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';

import { codeOf, never, Scene, temporary } from './setup.ts';

const files = ['2.root.json', 'timestamp.json', '2.snapshot.json', '2.targets.json'];
const faults: Record<string, [fault: FaultKind, codes: RegExp]> = {
  'endless data': [{ kind: 'endless' }, /DOWNLOAD_LENGTH/],
  'a 403': [{ kind: 'status', status: 403 }, /FORBIDDEN_REMOTE/],
  'a 500': [{ kind: 'status', status: 500 }, /HTTP_STATUS/],
  'a page with status 200': [{ kind: 'page' }, /MALFORMED|LENGTH/],
  'a flipped bit': [{ kind: 'flip' }, /UNSIGNED|MALFORMED|MISMATCH|BAD_VERSION|EXPIRED/],
  'a body that ends early': [{ kind: 'short', after: 50 }, /MALFORMED|MISMATCH/],
  'a cut at every attempt': [{ kind: 'cut', after: 50 }, /CUT/],
  'a stall': [{ kind: 'stall' }, /STALLED/],
  unreachable: [{ kind: 'unreachable' }, /DOWNLOAD/],
};

describe.each(Object.entries(faults))('%s', (_name, [fault, codes]) => {
  test.each(files)('for %s', async (file) => {
    const scene = new Scene();
    if (file === '2.root.json') scene.sim.publishRoot();
    const fetcher = faultyFetcher(scene.sim, [{ ...fault, match: file }]);
    const error = scene.refreshed({ fetcher });
    expect(await codeOf(error)).toMatch(codes);
    expect((await readdir(scene.dir)).includes(file.replace(/^\d\./, ''))).toBe(false);
    await scene.refreshed();
  });
});

// A captive portal answers everything with its page; whoever reads the refusal must be able to tell.
describe('a login page in place of metadata', () => {
  const pages: Record<string, string> = {
    'a page': '<!doctype html><title>Welcome</title>',
    'a page with numbers that JSON does not have': '\r\n <meta name="viewport" content="initial-scale=1.0">',
    'a page with many levels': `<script>${'{'.repeat(200)}</script>`,
    'a text': 'login required',
    nothing: '',
  };
  for (const [name, page] of Object.entries(pages))
    test.each(files)(`${name}: for %s the URL and the hint are there`, async (file) => {
      const scene = new Scene();
      if (file === '2.root.json') scene.sim.publishRoot();
      scene.sim.overrides.set(`metadata/${file}`, new TextEncoder().encode(page));
      const refused = scene.refreshed();
      await expect(refused).rejects.toMatchObject({
        code: 'MALFORMED',
        hint: 'a login page or a proxy may have answered: open the address in a browser',
      });
      await expect(refused).rejects.toThrow(`${scene.sim.baseUrl.toString()}metadata/${file}: `);
    });

  test('metadata that is malformed says where it came from, and blames no proxy', async () => {
    const scene = new Scene();
    for (const text of ['{', ' {"signed":{},"signatures":[]}', '\t\n\r{"signed":1}']) {
      scene.sim.overrides.set('metadata/timestamp.json', new TextEncoder().encode(text));
      const refused = scene.refreshed();
      await expect(refused).rejects.toThrow(
        `${scene.sim.baseUrl.toString()}metadata/timestamp.json: timestamp`,
      );
      await expect(refused).rejects.not.toHaveProperty('hint');
    }
  });

  test('what is wrong with good metadata keeps its own code', async () => {
    const scene = new Scene();
    scene.sim.overrides.set('metadata/2.snapshot.json', new TextEncoder().encode('{"signed":{}}'));
    expect(await codeOf(scene.refreshed())).toBe('LENGTH_OR_HASH_MISMATCH');
    scene.now = new Date('2100-01-01');
    scene.sim.overrides.set('metadata/timestamp.json', new TextEncoder().encode('<html>'));
    expect(await codeOf(scene.refreshed())).toBe('EXPIRED'); // the root, before anything is read
  });
});

// 4.5 leaves the algorithms open, so one may come that we do not know.
describe('a target with no hash that we can check', () => {
  test('is refused before it is asked for; the rest of its role is good', async () => {
    const scene = new Scene();
    scene.sim.addTarget('new', 'content');
    const [path, file] = [...scene.sim.targets.targets].find(([name]) => name === 'new') ?? never();
    scene.sim.targets.targets.set(path, {
      ...file,
      hashes: new Map([['sha3-256', hexDigest('ab'.repeat(32))]]),
    });
    scene.sim.publish();
    const updater = await scene.refreshed();
    const [info, good] = [await updater.find('new'), await updater.find('a/b.txt')];
    if (info === null || good === null) return never();
    const folder = temporary();
    scene.asked();
    await expect(updater.download(info, join(folder, 'file'))).rejects.toMatchObject({
      code: 'LENGTH_OR_HASH_MISMATCH',
      hint: 'a newer version may know it; nothing was taken unchecked',
    });
    expect(await codeOf(updater.read(info, { maxLength: 100 }))).toBe('LENGTH_OR_HASH_MISMATCH');
    await writeFile(join(folder, 'held'), 'content');
    expect(await holdsTarget(join(folder, 'held'), info)).toBe(false);
    expect(scene.asked()).toEqual([]);
    expect(await readdir(folder)).toEqual(['held']);
    await updater.download(good, join(folder, 'file'));
    expect(await readFile(join(folder, 'file'), 'utf8')).toBe('hello');
  });

  test('a role that the snapshot announces so is refused, and no other', async () => {
    const scene = new Scene();
    scene.sim.delegate({ name: 'role', paths: ['r/*'] });
    scene.sim.addTarget('r/x', 'content', 'role');
    scene.sim.publish();
    const meta = scene.sim.snapshot.meta.get(roleName('role')) ?? never();
    const hashes = new Map([['sha3-256', hexDigest('ab'.repeat(32))]]);
    scene.sim.snapshot.meta.set(roleName('role'), { ...meta, hashes });
    scene.sim.publishTimestamp();
    const updater = await scene.refreshed();
    expect(await updater.find('a/b.txt')).not.toBeNull();
    expect(await codeOf(updater.find('r/x'))).toBe('LENGTH_OR_HASH_MISMATCH');
  });
});

test('a cut once, and a slow drip, are nothing to speak of', async () => {
  const scene = new Scene();
  const cutting = faultyFetcher(scene.sim, [{ match: 'timestamp.json', kind: 'cut', after: 50, times: 2 }]);
  const dripping = faultyFetcher(cutting, [{ match: 'snapshot', kind: 'drip', bytes: 3 }]);
  const updater = await scene.refreshed({ fetcher: dripping });
  expect(await updater.find('a/b.txt')).not.toBeNull();
});

describe('download', () => {
  const content = 'content '.repeat(5_000);

  async function scene(...given: readonly Fault[]) {
    const it = new Scene();
    it.sim.addTarget('big', content);
    it.sim.publish();
    const updater = await it.refreshed({ fetcher: faultyFetcher(it.sim, given) });
    const info = (await updater.find('big')) ?? never();
    const folder = temporary();
    await writeFile(join(folder, 'file'), 'old');
    it.asked();
    return { it, folder, download: () => updater.download(info, join(folder, 'file')), updater, info };
  }

  const refused: Record<string, [fault: Fault, code: string]> = {
    'endless data stops at the signed length': [{ match: 'targets/', kind: 'endless' }, 'DOWNLOAD_LENGTH'],
    'a flipped bit': [{ match: 'targets/', kind: 'flip' }, 'LENGTH_OR_HASH_MISMATCH'],
    'a page': [{ match: 'targets/', kind: 'page' }, 'LENGTH_OR_HASH_MISMATCH'],
    'a shorter file': [{ match: 'targets/', kind: 'short', after: 7 }, 'LENGTH_OR_HASH_MISMATCH'],
    'always cut at the same place': [{ match: 'targets/', kind: 'cut' }, 'CUT'],
    stalled: [{ match: 'targets/', kind: 'stall' }, 'STALLED'],
    absent: [{ match: 'targets/', kind: 'status', status: 404 }, 'NOT_FOUND_REMOTE'],
  };
  test.each(Object.entries(refused))(
    '%s: refused, the old file stays, no temporary file',
    async (_name, [fault, code]) => {
      const { folder, download } = await scene(fault);
      await expect(download()).rejects.toMatchObject({ code });
      expect(await readdir(folder)).toEqual(['file']);
      expect(await readFile(join(folder, 'file'), 'utf8')).toBe('old');
    },
  );

  test('resumes after a cut, and after a stall, from where it was', async () => {
    const { folder, download } = await scene(
      { match: 'targets/', kind: 'cut', after: 10_000, times: 2 },
      { match: 'targets/', kind: 'stall', after: 5_000, times: 1 },
    );
    await download();
    expect(await readFile(join(folder, 'file'), 'utf8')).toBe(content);
  });

  test('a file spliced from two is refused, then fetched once more in one piece', async () => {
    const { folder, download, it } = await scene(
      { match: 'targets/', kind: 'cut', after: 10_000, times: 1 },
      { match: 'targets/', kind: 'flip', times: 1 },
    );
    await download();
    expect(await readFile(join(folder, 'file'), 'utf8')).toBe(content);
    expect(it.asked()).toHaveLength(3);
  });

  test('read: bounded before a byte is asked for', async () => {
    const { updater, info, it } = await scene();
    await expect(updater.read(info, { maxLength: 10 })).rejects.toMatchObject({ code: 'DOWNLOAD_LENGTH' });
    expect(it.asked()).toEqual([]);
    let last = { received: 0, total: 0 };
    const all = await updater.read(info, { maxLength: 1e6, onProgress: (progress) => (last = progress) });
    expect(last).toEqual({ received: all.length, total: info.length });
  });

  test('an empty target is a file too', async () => {
    const it = new Scene();
    it.sim.addTarget('empty', '');
    it.sim.publish();
    const updater = await it.refreshed();
    const info = await updater.find('empty');
    expect(await updater.read(info ?? never(), { maxLength: 0 })).toHaveLength(0);
  });
});

test('over real HTTP: cut, resumed with Range, from a server that redirects', async () => {
  const scene = new Scene();
  const content = new TextEncoder().encode('content '.repeat(20_000));
  scene.sim.addTarget('big', content);
  scene.sim.publish();
  const server = await faultyServer();
  for (const [path, bytes] of scene.sim.files()) server.on(path, body(bytes));
  const big = [...scene.sim.files().keys()].find((path) => path.endsWith('.big')) ?? '';
  server.on(big, redirect('/moved'));
  server.on('moved', cut(content, 100_000), body(content));
  const updater = await scene.refreshed({ baseUrl: server.url, fetcher: undefined });
  const info = await updater.find('big');
  const file = join(temporary(), 'big');
  if (info !== null) await updater.download(info, file);
  expect(await readFile(file)).toEqual(Buffer.from(content));
  expect(server.requests.at(-1)).toMatch(/^GET \/moved bytes=[1-9]\d*-$/);
  await server.close();
});

test('a repository in a folder, through the same interface', async () => {
  const scene = new Scene();
  const folder = temporary();
  await writeFiles(folder, scene.sim.files());
  const updater = await scene.refreshed({ baseUrl: pathToFileURL(folder), fetcher: undefined });
  const info = await updater.find('a/b.txt');
  expect(info === null ? null : Buffer.from(await updater.read(info, { maxLength: 9 })).toString()).toBe(
    'hello',
  );
});
