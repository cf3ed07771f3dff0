import { listTrusted } from '@ragnos/plugin';
import type { Context } from '../command.ts';
import { homeFolder } from '../host.ts';
import { count, table } from '../text.ts';

export async function run(context: Context): Promise<undefined> {
  const trusted = await listTrusted({ home: homeFolder(context) });
  const rows = trusted.map((item) => [
    item.alias,
    item.url,
    `root ${item.rootVersion}`,
    `sha256:${item.rootSha256.slice(0, 16)}…`,
    count(item.plugins, 'plugin'),
  ]);
  context.voice.answer({ repositories: trusted }, table(rows));
  if (trusted.length === 0)
    context.voice.note('no repository is trusted here; start with: ragv trust init <url> --root <file>');
  return;
}
