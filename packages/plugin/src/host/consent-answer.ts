import { userInfo } from 'node:os';
import { realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

import { defaultLimits, type Capabilities } from '../capabilities/capabilities.ts';
import { capabilityNames, type CapabilityName } from '../capabilities/items.ts';
import { narrow, type CapabilityPolicy } from '../capabilities/narrow.ts';
import { grantFrom, type CapabilityBounds } from '../formats/given-bounds.ts';
import type { PluginVersion } from '../names.ts';
import type { Context } from './context.ts';
import { HostFailureError } from './errors.ts';
import { maxFolders, type Consent } from './grants.ts';

export interface ConsentAnswer {
  /** All that is asked for, these capabilities of it, or at most so much: what is not named is not granted. */
  readonly granted: 'all' | readonly CapabilityName[] | CapabilityBounds;
  /** Only to the request with this `manifest`; absent = whatever is asked for. */
  readonly to?: string | undefined;
  /** What `$chosen` stands for. Absent = what was named before. */
  readonly folders?: readonly string[] | undefined;
  readonly by: 'terminal' | 'flag' | 'host';
}

/** The consent that an answer is, to what a version asks for. Folders that it does not name are those of `base`. @throws BAD_SPEC */
export function answered(
  context: Context,
  version: PluginVersion,
  asked: Capabilities,
  answer: ConsentAnswer,
  base: Consent | null,
): Consent {
  refuseUnknown(answer);
  return {
    version,
    asked,
    granted: answer.granted === 'all' ? asked : narrow(asked, boundsOf(asked, answer.granted)),
    folders: answer.folders?.map(realFolder) ?? base?.folders ?? [],
    by: answer.by,
    who: account(),
    at: context.now().toISOString(),
  };
}

function isNames(
  granted: readonly CapabilityName[] | CapabilityBounds,
): granted is readonly CapabilityName[] {
  return Array.isArray(granted);
}

/** A program that has no types may say anything: what nobody knows must not count as an answer. @throws BAD_SPEC */
function refuseUnknown({ granted, to, folders, by, ...rest }: ConsentAnswer): void {
  const bad = (why: string, hint: string): never => {
    throw new HostFailureError('BAD_SPEC', `grant: ${why}`, { hint });
  };
  const [other] = Object.keys(rest);
  if (other !== undefined)
    bad(`there is no ${JSON.stringify(other.slice(0, 50))} in it`, 'it has granted, to, folders and by');
  if (!['terminal', 'flag', 'host'].includes(by))
    bad('by is terminal, flag or host', 'a program says by: "host"');
  if (to !== undefined && typeof to !== 'string') bad('to is no text', 'it is the manifest of a request');
  if (folders !== undefined && (!Array.isArray(folders) || folders.length > maxFolders))
    bad(`folders is no list of at most ${maxFolders}`, 'give paths of folders');
  if (granted === 'all') return;
  if (typeof granted !== 'object' || granted === null)
    bad(
      'granted is "all", a list of names, or an object of capabilities',
      `the names are ${capabilityNames.join(', ')}`,
    );
  for (const name of isNames(granted) ? granted : [])
    if (!capabilityNames.includes(name))
      bad(
        `there is no capability ${JSON.stringify(name).slice(0, 50)}`,
        `there are ${capabilityNames.join(', ')}`,
      );
}

/** What is not named is not granted. */
function boundsOf(
  asked: Capabilities,
  granted: readonly CapabilityName[] | CapabilityBounds,
): CapabilityPolicy {
  if (!isNames(granted)) return grantFrom(granted, 'grant');
  const none = (name: CapabilityName): [] | undefined => (granted.includes(name) ? undefined : []);
  const off = (name: CapabilityName): false | undefined => (granted.includes(name) ? undefined : false);
  return {
    read: none('fs.read') && (granted.includes('fs.write') ? asked.write : []), // whoever may write may read
    write: none('fs.write'),
    connect: none('net.connect'),
    env: none('env'),
    exec: none('exec'),
    native: off('native'),
    worker: off('worker'),
    eval: off('eval'),
    tools: none('tools'),
    prompts: none('prompts'),
    requests: none('requests'),
    limits: granted.includes('limits') ? undefined : defaultLimits,
  };
}

/** @throws BAD_SPEC */
function realFolder(path: string): string {
  try {
    const real = realpathSync(resolve(path));
    if (statSync(real).isDirectory()) return real;
  } catch {
    // said just below
  }
  throw new HostFailureError('BAD_SPEC', `${path} is no folder that can be granted`, {
    hint: 'name one that exists: --folder /path/to/folder',
  });
}

function account(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? 'unknown'}`; // an account without a name, as in containers
  }
}
