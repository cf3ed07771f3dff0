import {
  pack,
  parseCapabilities,
  withServerTexts,
  type Packed,
  type PackOptions,
  type ServerTextsOptions,
  type VendorName,
} from '@ragnos/plugin';
import { VaultError } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { readSettings } from '../settings-file.ts';

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
 * them does not pass at a host. One that says nothing is refused, unless its author asked for that.
 * @throws CliError `NO_TEXTS`
 */
export async function packSource(
  context: Context,
  source: string,
  vendor: VendorName,
  output: string,
): Promise<Packed> {
  const start = await startOptions(context);
  const packed = await pack(source, packOptions(context, vendor, output));
  const { plugin, kind, runtime } = packed.manifest;
  if (kind !== 'mcp' || runtime === 'none' || packed.textsStated) return packed;
  const own = parseCapabilities(packed.manifest.capabilities);
  const unknown = [...(start.env?.keys() ?? [])].find((name) => !own.env.includes(name));
  if (unknown !== undefined)
    throw new CliError('USAGE', `${plugin} does not declare the variable ${unknown}, and would not see it`, {
      hint: `add to "capabilities" in ragv.json: {"env":["${unknown}"]}`,
    });
  let why = 'it offers neither';
  let found = packed;
  try {
    found = await withServerTexts(packed, start);
  } catch (error) {
    if (!(error instanceof VaultError) || context.signal.aborted) throw error;
    why = error.message;
  }
  const { tools, prompts } = parseCapabilities(found.manifest.capabilities);
  if (tools.size + prompts.size > own.prompts.size) return found;
  if (context.options.flag('allow-no-tools')) {
    const note = `hosts will let none of its tools and prompts pass: they could not be asked of it: ${why}`;
    return { ...found, notes: [...found.notes, note] };
  }
  throw new CliError(
    'NO_TEXTS',
    `${plugin} is an MCP server whose tools and prompts could not be asked of it: ${why}`,
    {
      hint: 'give what it needs to start (--env NAME, --settings <file>, --arg <text>); or state the texts in ragv.json; or "kind": "node" there if it is no server; or --allow-no-tools: hosts will then let none of its tools pass',
    },
  );
}

/** What a server is started with to be asked. Values of variables come from the environment, and are written down nowhere. */
async function startOptions({ options, signal }: Context): Promise<ServerTextsOptions> {
  const env = new Map(
    options.list('env').map((name) => {
      const value = process.env[name];
      if (name.includes('='))
        throw new CliError('USAGE', `--env takes a name, and its value from the environment`, {
          hint: `${name.slice(0, name.indexOf('='))}=… ragv publish … --env ${name.slice(0, name.indexOf('='))}`,
        });
      if (value === undefined) throw new CliError('USAGE', `--env ${name}: there is no such variable`);
      return [name, value] as const;
    }),
  );
  const args = options.list('arg');
  return {
    env,
    settings: await readSettings(options.text('settings')),
    ...(args.length === 0 ? {} : { args }),
    signal,
  };
}
