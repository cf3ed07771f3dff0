import type { Context } from '../command.ts';
import { textChanges } from '@ragnos/plugin';
import { hostFor } from '../host.ts';
import { textChangeLines } from '../text-changes.ts';
import { bytes, seenAgo, table } from '../text.ts';

export async function run(context: Context): Promise<undefined> {
  const { voice, options, signal } = context;
  const [spec = ''] = context.args;
  const host = await hostFor(context);
  const info = await host.info(spec, { signal });
  if (options.flag('texts')) {
    const { version, ...manifest } = await host.manifest(spec, { signal });
    const texts = textChanges(null, manifest);
    const none = ['  nothing: it has no tools and no prompts, or says none'];
    voice.answer({ ...info, version, texts }, [
      `${info.vendor}/${info.plugin}@${version} says to a model:`,
      ...(texts.length === 0 ? none : textChangeLines(texts)),
    ]);
    return;
  }
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
