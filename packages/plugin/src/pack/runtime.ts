import { nativeKind } from '../capabilities/native-file.ts';
import { PackError } from '../errors.ts';
import type { AuthorFile } from '../formats/author.ts';
import type { PluginManifest } from '../formats/manifest.ts';
import type { FileToPack } from '../archive/tar-writer.ts';
import { targetSystem } from './target-system.ts';

type Entry = PluginManifest['entry'];
type Files = readonly FileToPack[];

/** What ragv.json says that starts it, where that is not Node: in the words of the manifest. */
export type OtherRuntime = 'python' | 'executable';

export function otherRuntime({ runtime }: AuthorFile): OtherRuntime | null {
  return runtime === 'python' || runtime === 'executable' ? runtime : null;
}

/**
 * The entry of what Node does not start: its commands alone, since nothing of it can be imported. Hosts start them in the
 * sandbox alone, so what could not start there is refused here.
 * @throws PackError `RAGV_JSON`, `BAD_TARGET_SYSTEM`
 */
export function startedByOther(
  runtime: OtherRuntime,
  { bin }: Entry,
  files: Files,
  target: string | undefined,
): Entry {
  if (bin.size === 0)
    throw new PackError(
      'RAGV_JSON',
      `ragv.json: its runtime is ${runtime}, and nothing says what is started`,
      {
        hint: `name the file: "entry": { "bin": { "<command>": "${runtime === 'python' ? 'main.py' : 'bin/<program>'}" } }`,
      },
    );
  if (target !== undefined) targetSystem(target);
  if (runtime === 'executable') for (const path of bin.values()) checkProgram(path, files, target);
  return { main: null, bin };
}

function checkProgram(path: string, files: Files, target: string | undefined): void {
  const file = files.find((one) => one.path === path);
  const body = file?.body ?? new Uint8Array();
  const native = nativeKind(body);
  const isScript = /^#![ \t]*\//.test(Buffer.from(body.subarray(0, 256)).toString('latin1'));
  if (native === 'a Windows program' || (native === null && !isScript))
    throw new PackError('RAGV_JSON', `ragv.json: ${path} is no program that a sandbox can start`, {
      hint: 'it has to be built for Linux or macOS, or a script whose first line names its interpreter: #!/bin/sh',
    });
  if (file?.mode !== 0o755)
    throw new PackError('RAGV_JSON', `ragv.json: ${path} is not marked as a program in the archive`, {
      hint: 'chmod +x, and pack it again; of a folder it is marked by itself',
    });
  if (native !== null && target === undefined)
    throw new PackError('BAD_TARGET_SYSTEM', `${path} is ${native}, and nothing says for which system`, {
      hint: 'name the one that it was built for: --target linux-x64, linux-arm64, darwin-x64 or darwin-arm64',
    });
}

/** Bytecode that Python left beside its sources: nobody reviews it, and it differs from machine to machine. */
export function isBytecode(path: string): boolean {
  return /(?:^|\/)__pycache__\//.test(path);
}

/** What a line of a script's beginning asks for that is not there: `env` looks for a program that nobody granted. */
export function runtimeNotes(runtime: OtherRuntime, { bin }: Entry, files: Files): readonly string[] {
  if (runtime === 'python') return [];
  return [...new Set(bin.values())].flatMap((path) => {
    const body = files.find((one) => one.path === path)?.body ?? new Uint8Array();
    const first = Buffer.from(body.subarray(0, 256)).toString('latin1');
    return /^#![ \t]*\/usr\/bin\/env[ \t]/.test(first)
      ? [
          `${path} begins with env, which finds no program in a sandbox but those of "exec": name its interpreter itself`,
        ]
      : [];
  });
}
