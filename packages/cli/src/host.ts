import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { openHost, type Host, type HostOptions } from '@ragnos/plugin';
import type { Context } from './command.ts';

/** RAGV_HOME, or `ragv` in the data folder of the system. */
export function homeFolder(context: Context): string {
  const given = context.options.text('home') ?? process.env['RAGV_HOME'];
  if (given !== undefined && given !== '') return resolve(given);
  if (process.platform === 'win32')
    return join(process.env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), 'ragv');
  const data = process.env['XDG_DATA_HOME'];
  return join(data === undefined || data === '' ? join(homedir(), '.local', 'share') : data, 'ragv');
}

/** `--policy`, or RAGV_POLICY; undefined = the host has none of its own. */
export function policyFile({ options }: Context): string | undefined {
  const named = options.text('policy') ?? process.env['RAGV_POLICY'];
  return named === '' ? undefined : named;
}

/** This host as the options describe it; the lockfile belongs to the current folder. */
export async function hostFor(context: Context): Promise<Host> {
  const { options, voice } = context;
  const settings: HostOptions = {
    home: homeFolder(context),
    alias: options.text('repository'),
    project: process.cwd(),
    policy: policyFile(context),
    offline: options.flag('offline'),
    allowHttp: options.flag('allow-http'),
    onProgress: ({ phase, plugin, done, total }) => voice.progress(`${phase} ${plugin}`, done, total),
  };
  return openHost(settings);
}
