import { pack, withServerTexts, type Packed, type PackOptions, type VendorName } from '@ragnos/plugin';
import { VaultError } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';

/** The options of `ragv pack` and `ragv publish`. */
export function packOptions(context: Context, vendor: VendorName, output: string): PackOptions {
  const { options, voice, signal } = context;
  if (options.text('name') !== undefined && context.args.length > 1)
    throw new CliError('USAGE', '--name is for one source, and several were given');
  return {
    vendor,
    output,
    name: options.text('name'),
    bundle: options.flag('bundle'),
    lockfile: options.text('lockfile'),
    target: options.text('target'),
    signal,
    onProgress: (step) => voice.progress(step, 0, null),
  };
}

/**
 * Packs one source. An MCP server is started, in a sandbox, for the texts of its tools and prompts: what is not signed of
 * them does not pass at a host.
 */
export async function packSource(
  context: Context,
  source: string,
  vendor: VendorName,
  output: string,
): Promise<Packed> {
  const packed = await pack(source, packOptions(context, vendor, output));
  try {
    return await withServerTexts(packed, { signal: context.signal });
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    const note = `hosts will let none of its tools and prompts pass: they could not be asked of it (${error.message}); state them in ragv.json`;
    return { ...packed, notes: [...packed.notes, note] };
  }
}
