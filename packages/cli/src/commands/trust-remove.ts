import { listTrusted, removeTrusted } from '@ragnos/plugin';
import type { Context } from '../command.ts';
import { homeFolder } from '../host.ts';
import { confirm } from '../prompt.ts';

export async function run(context: Context): Promise<undefined> {
  const { voice, options, signal } = context;
  const home = homeFolder(context);
  const alias = context.args[0] ?? '';
  if (context.dryRun) {
    const found = (await listTrusted({ home })).find((item) => item.alias === alias);
    voice.answer({ alias, known: found !== undefined, dryRun: true }, [
      found === undefined ? `${alias} is not trusted here` : `would stop trusting ${found.url}`,
    ]);
    return;
  }
  await confirm(
    `This forgets what is known of ${alias}, its protection against rollback included`,
    alias,
    options.flag('yes'),
    signal,
  );
  const removed = await removeTrusted({ home, alias, force: options.flag('force') });
  voice.answer(removed, [`${removed.url} is not trusted any more`]);
  return;
}
