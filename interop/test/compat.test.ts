import { clientFacts, compatClients } from '@ragnos/repository';
import { expect, test } from 'vitest';
import { peers } from '../lib/peer.ts';
import { served } from '../repositories/index.ts';

test('the clients that a repository can serve are the peers, each in the version that the facts are of', async () => {
  expect(peers.map(({ name }) => name)).toEqual([...compatClients]);
  for (const peer of peers)
    expect([peer.name, await peer.version()]).toEqual([peer.name, clientFacts[peer.name].version]);
});

test('every repository that a fact refers to is there', () => {
  const names = new Set(served.map(({ name }) => name));
  const missing = Object.values(clientFacts)
    .flatMap(({ version: _version, ...facts }) => Object.values(facts).map(({ source }) => source))
    .filter((source) => source.includes('docs/interop.md'))
    .flatMap((source) => [...source.slice(source.indexOf('docs/interop.md')).matchAll(/"([^"]+)"/g)])
    .map(([, name = '']) => name)
    .filter((name) => !names.has(name));
  expect(missing).toEqual([]);
});
