import { differenceLines, differences, warnings } from '@ragnos/repository';
import type { Context } from '../command.ts';
import { readMetadataFile } from '../metadata/files.ts';

/** All that differs between two files, without a judgement which of them is right. */
export async function run(context: Context): Promise<undefined> {
  const [before, after] = await Promise.all(context.args.slice(0, 2).map(readMetadataFile));
  if (before === undefined || after === undefined) return;
  const list = differences(before.metadata.signed, after.metadata.signed);
  const looks = list.length === 0 ? [] : warnings(before.metadata.signed, after.metadata.signed);
  context.voice.answer({ differences: list, warnings: looks }, [
    ...(list.length === 0 ? ['what is signed is the same'] : differenceLines(list)),
    ...looks.map((look) => `look: ${look}`),
  ]);
  return;
}
