/** A file that a killed host was just writing: its name is nobody's, and with a later write it goes. */
import { existsSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { agreed, installedWith } from './world.ts';

test('what is older than a day goes, wherever the host keeps its state; younger ones may be at work', async () => {
  const world = await installedWith({ capabilities: { 'fs.write': ['$temp'] } });
  await world.publish('1.2.0', { change: (one) => ({ ...one, capabilities: { 'fs.write': ['$data'] } }) });
  const places = [world.plugin(), join(world.folder, 'grants', 'acme'), world.project];
  const [old, young, other] = ['a', 'b', 'c'].map((letter) => `.ragv-${letter.repeat(24)}.tmp`);
  const at = (name = ''): readonly string[] => places.map((place) => join(place, name));
  const others = at(`${other}.txt`);
  for (const file of [...at(old), ...at(young), ...others]) writeFileSync(file, 'torn');
  for (const file of [...at(old), ...others]) utimesSync(file, 0, 0);
  await (await world.host()).install('acme/hello', agreed);
  expect(at(old).filter((file) => existsSync(file))).toEqual([]);
  expect([...at(young), ...others].filter((file) => !existsSync(file))).toEqual([]);
});
