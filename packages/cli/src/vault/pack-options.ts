import type { PackOptions, VendorName } from '@ragnos/plugin';
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
