import type { Context } from '../command.ts';
import { manual } from '../manual.ts';

export async function run(context: Context): Promise<undefined> {
  context.voice.text(manual());
  return Promise.resolve(undefined);
}
