import type { PluginManifest } from '../formats/manifest.ts';
import { capabilitiesToJson, parseCapabilities, type Capabilities } from './capabilities.ts';
import { claudePrompts, unsignedPrompts } from './claude-prompts.ts';
import { startOf } from './entries.ts';
import { refusedFiles, type ExtensionPolicy } from './extensions.ts';
import { inspectFiles } from './inspect.ts';
import type { InspectOptions, Inspection } from './inspection.ts';
import { declarationFor, undeclared, type Evidence } from './used.ts';
import { describeItem } from './words.ts';

/** Closed: what a plugin's files are refused for by whoever looks at them. */
export type FindingCode =
  | 'UNDECLARED_CAPABILITY' // used in the code, or native, and not in the manifest
  | 'PROMPT_NOT_SIGNED' // a folder for Claude says to a model what the manifest does not list
  | 'HIDDEN_CHARACTERS' // invisible or direction-turning characters where they have no use
  | 'FILE_KIND'; // a kind of file that the organisation has in no plugin

/** Why a plugin is refused, and where it stands: `line` 0 is the file as a whole. */
export interface PluginFinding extends Evidence {
  readonly code: FindingCode;
}

export interface PluginCheck {
  /** Empty: nothing speaks against it that can be read. Confinement is what holds. */
  readonly findings: readonly PluginFinding[];
  readonly inspection: Inspection;
  /** The JSON that the author would have to declare; null if nothing is missing. */
  readonly toDeclare: string | null;
}

export interface CheckOptions extends InspectOptions {
  readonly extensions?: ExtensionPolicy | undefined;
}

/**
 * The gate of the door and of hosts: used ⊆ declared, the prompts that Claude would read ⊆ signed, and the hard lints, on the
 * files themselves. `read` gives the bytes of
 * a file of the manifest and should have verified them. Runs nothing of the plugin, reads each file once or twice, and comes
 * to an end by `options.limits`.
 *
 * @throws FormatError if the manifest's capabilities cannot be read; whatever `read` throws
 */
export async function checkPlugin(
  manifest: Pick<PluginManifest, 'files' | 'entry' | 'runtime' | 'capabilities'>,
  read: (path: string) => Uint8Array | Promise<Uint8Array>,
  options: CheckOptions = {},
): Promise<PluginCheck> {
  const declared = parseCapabilities(manifest.capabilities);
  const { entries, startsOwn, programs } = startOf(manifest.entry, manifest.files, manifest.runtime);
  const inspection = await inspectFiles(manifest.files, read, {
    ...options,
    entries: [...entries, ...(options.entries ?? [])],
    startsOwn,
    programs,
    ownVariables: manifest.entry.launch?.env.keys(),
  });
  const kinds = refusedFiles(
    manifest.files.map(({ path }) => path),
    options.extensions ?? {},
  );
  const prompts = unsignedPrompts(await claudePrompts(manifest.files, read), declared.prompts);
  return {
    findings: [
      ...kinds.map((file) => ({
        code: 'FILE_KIND' as const,
        file,
        line: 0,
        what: 'a kind of file that is not allowed',
      })),
      ...prompts.map((one) => ({ code: 'PROMPT_NOT_SIGNED' as const, line: 0, ...one })),
      ...findingsOf(inspection, declared),
    ],
    inspection,
    toDeclare: missingJson(inspection, declared),
  };
}

/** The hard findings of files that were looked at. */
export function findingsOf(inspection: Inspection, declared: Capabilities): readonly PluginFinding[] {
  const hidden = inspection.hidden.map(({ file, line, what }) => ({
    code: 'HIDDEN_CHARACTERS' as const,
    file,
    line,
    what,
  }));
  const missing = undeclared(inspection.used, declared).map(({ capability, value, evidence }) => {
    const [first] = evidence;
    const { text } = describeItem({ capability, value: value ?? '' });
    const sentence = value === null ? (unknownWords.get(capability) ?? text) : text;
    return {
      code: 'UNDECLARED_CAPABILITY' as const,
      file: first?.file ?? '',
      line: first?.line ?? 0,
      what: `${first?.what ?? ''} ${sentence}, and ${capability} does not declare it`,
    };
  });
  return [...hidden, ...missing];
}

const unknownWords: ReadonlyMap<string, string> = new Map([
  ['fs.read', 'reads files'],
  ['fs.write', 'changes files'],
  ['net.connect', 'connects to the network'],
  ['exec', 'starts programs'],
]);

export function missingJson(inspection: Inspection, declared: Capabilities): string | null {
  const missing = undeclared(inspection.used, declared);
  return missing.length === 0 ? null : JSON.stringify(capabilitiesToJson(declarationFor(missing)));
}

/** `lib/a.js:3`, or the file alone. */
export function placeOf({ file, line }: Evidence): string {
  return line === 0 ? file : `${file}:${line}`;
}
