import type { PluginSpec } from '../names.ts';
import type { Context } from './context.ts';
import { HostNotFoundError } from './errors.ts';
import { isInRange } from './pinned.ts';
import { requirePointer, type Pointer } from './pointer.ts';
import { knownIndex } from './session.ts';

/**
 * What is installed, if it is what `spec` asks for: this version, one of this range, or one of this channel. What was installed
 * as a channel's is one of it, whatever the channel points to since: a start does not fail because something newer came. What
 * was installed as an exact version is one of a channel only while that points to it.
 * @throws NOT_INSTALLED
 */
export async function requireWanted(context: Context, spec: PluginSpec): Promise<Pointer> {
  const pointer = await requirePointer(context, spec);
  const { wanted } = spec;
  if (wanted === null || (await fits(context, pointer, wanted))) return pointer;
  const name = `${spec.vendor}/${spec.plugin}`;
  throw new HostNotFoundError(
    'NOT_INSTALLED',
    `${name}@${wanted} is not what is installed, ${pointer.version} is`,
    { hint: `ragv install ${name}@${wanted}` },
  );
}

async function fits(context: Context, pointer: Pointer, wanted: string): Promise<boolean> {
  const asked = pointer.latest ? 'latest' : pointer.wanted;
  if (wanted === pointer.version || wanted === asked) return true;
  const pointed = (await knownIndex(context, pointer))?.channels.get(wanted);
  return pointed === undefined ? isInRange(wanted, pointer.version) : pointed === pointer.version;
}
