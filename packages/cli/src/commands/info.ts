import type { Context } from '../command.ts';
import { hostFor } from '../host.ts';
import { bytes, seenAgo, table } from '../text.ts';

export async function run(context: Context): Promise<undefined> {
  const { voice, signal } = context;
  const info = await (await hostFor(context)).info(context.args[0] ?? '', { signal });
  const state = (version: (typeof info.versions)[number]): string =>
    [
      ...[...info.channels].filter(([, named]) => named === version.version).map(([channel]) => channel),
      ...(version.installed ? ['installed'] : []),
      ...(version.yanked === null ? [] : [`yanked: ${version.yanked.reason}`]),
      ...(version.revoked === null ? [] : [`revoked: ${version.revoked}`]),
      ...(version.refused === null ? [] : [`refused: ${version.refused.message}`]),
      ...(version.firstSeen === null ? [] : [seenAgo(version.firstSeen)]),
    ].join(', ');
  voice.answer(info, [
    `${info.vendor}/${info.plugin}: ${info.description}`,
    ...table(
      info.versions.map((version) => [
        `  ${version.version}`,
        bytes(version.length),
        `sha256:${version.sha256.slice(0, 16)}…`,
        state(version),
      ]),
    ),
  ]);
  return;
}
