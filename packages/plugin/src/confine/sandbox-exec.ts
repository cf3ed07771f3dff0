import type { ConfineOptions } from './api.ts';
import type { Launch } from './launch.ts';
import { findProgram } from './programs.ts';
import { ConfineRefusedError } from './errors.ts';
import { launchPlain } from './launch-plain.ts';
import { preloadFile } from './preload-files.ts';
import path from 'node:path';

/**
 * Mode `sandbox` on macOS, by the system's sandbox-exec. Not proven: the probe suite has not been run on a Mac yet, and
 * `ragv sandbox test` says there what holds.
 */
export async function launchSandboxExec(options: ConfineOptions, folder: string): Promise<Launch> {
  const program = findProgram('sandbox-exec');
  if (program === null)
    throw new ConfineRefusedError('SANDBOX_UNAVAILABLE', 'this system has no sandbox-exec', {
      hint: 'choose another mode',
    });
  const plain = await launchPlain(options, folder);
  const ours = [
    preloadFile(),
    ...(options.runner === undefined ? [] : [{ folder: path.dirname(options.runner) }]),
  ];
  const profile = sandboxProfile(options, folder, [
    plain.command,
    ...ours.map((one) => one.folder),
    preloadFile().packageJson,
  ]);
  const setup = plain.setup === null ? null : { ...plain.setup, osLayer: true };
  return { ...plain, command: program, args: ['-p', profile, plain.command, ...plain.args], setup };
}

/** Everything is denied but what stands here; the last rule that fits counts. */
export function sandboxProfile(
  { grant, runtime }: Pick<ConfineOptions, 'grant' | 'runtime'>,
  folder: string,
  ours: readonly string[],
): string {
  const readable = [folder, ...ours, ...grant.read, ...grant.write, ...grant.exec];
  const system = [
    '/usr/lib',
    '/System/Library',
    '/Library/Apple',
    '/private/var/db/dyld',
    '/dev/null',
    '/dev/urandom',
  ];
  const python = runtime === 'python' ? ['/Library/Frameworks', '/opt/homebrew', '/usr/local'] : [];
  const rule = (operation: string, places: readonly string[]): string =>
    places.length === 0
      ? ''
      : `(allow ${operation} ${places.map((place) => `(subpath ${quote(place)})`).join(' ')})`;
  return [
    '(version 1)',
    '(deny default)',
    '(allow process-fork)',
    rule('process-exec', [ours[0] ?? '', ...grant.exec, ...(runtime === 'executable' ? [folder] : [])]),
    '(allow signal (target same-sandbox))',
    '(allow sysctl-read)',
    '(allow file-read-metadata)',
    rule('file-read*', [...system, ...python, ...readable]),
    rule('file-write*', ['/dev/null', ...grant.write]),
    '(deny network*)', // all of it goes through the broker, over a descriptor that is open already
    '(deny mach-lookup)',
    '(deny process-info* (target others))',
  ]
    .filter((line) => line !== '')
    .join('\n');
}

function quote(text: string): string {
  return `"${text.replaceAll('\\', String.raw`\\`).replaceAll('"', String.raw`\"`)}"`;
}
