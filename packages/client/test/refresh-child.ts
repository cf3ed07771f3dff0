// One of many processes on one folder. Arguments: folder, base URL, rounds. Prints what failed, or nothing.
import { Updater } from '@ragnos/client';

const [dir = '', baseUrl = '', rounds = '1'] = process.argv.slice(2);
for (let i = 0; i < Number(rounds); i++) {
  const updater = await Updater.open({ dir, baseUrl, now: () => new Date('2026-01-01T01:00:00Z') });
  await updater.refresh();
  const info = await updater.find('x');
  if (info === null || (await updater.read(info, { maxLength: 100 })).length !== info.length)
    throw new Error('wrong file');
}
