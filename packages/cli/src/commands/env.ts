import type { Context } from '../command.ts';
import { environment } from '../env.ts';
import { table } from '../text.ts';

export async function run(context: Context): Promise<undefined> {
  const set = (name: string): boolean => process.env[name] !== undefined;
  context.voice.answer(
    Object.entries(environment).map(([name, meaning]) => ({ name, meaning, set: set(name) })),
    table(Object.entries(environment).map(([name, meaning]) => [name, set(name) ? 'set' : '', meaning])),
  );
  return Promise.resolve(undefined);
}
