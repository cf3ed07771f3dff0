import {
  isJsonObject,
  MalformedMetadataError,
  LimitExceededError,
  parseJson,
  Reader,
  type JsonObject,
} from '@ragnos/tuf';
import { readCapabilities } from '../capabilities/capabilities.ts';
import { FormatError, NameError } from '../errors.ts';
import {
  filePath,
  pluginName,
  vendorName,
  type FilePath,
  type PluginName,
  type VendorName,
} from '../names.ts';
import { readLine, readLines, readTexts } from './common.ts';

export const authorFormat = 'ragnos-plugin/1';

/** The manifest's words; `none` is for packages that another program starts, which say so themselves. */
export const authorRuntimes = ['node', 'python', 'executable'] as const;

/**
 * `ragv.json`, which an author may put beside package.json: what npm has no field for, and what shall differ from it.
 * Everything is optional; null is what the file does not say. docs/reference/ragv.schema.json describes it to editors.
 */
export interface AuthorFile {
  readonly vendor: VendorName | null;
  readonly name: PluginName | null;
  readonly description: string | null;
  readonly keywords: readonly string[] | null;
  readonly kind: 'node' | 'mcp' | null;
  /** What starts its commands. Of Python and programs there is nothing to import, so they have no `entry.main`. */
  readonly runtime: (typeof authorRuntimes)[number] | null;
  readonly entry: { readonly main: FilePath | null; readonly bin: ReadonlyMap<string, FilePath> | null };
  /** As written; what may stand in it is checked here, since a name with a typo would grant or refuse in silence. */
  readonly capabilities: JsonObject | null;
  /** Names of the evidence that the author attaches; empty where the file says nothing. */
  readonly evidence: readonly string[];
}

export const noAuthorFile: AuthorFile = {
  vendor: null,
  name: null,
  description: null,
  keywords: null,
  kind: null,
  runtime: null,
  entry: { main: null, bin: null },
  capabilities: null,
  evidence: [],
};

/** @throws FormatError `BAD_FORMAT`, also for a member that we do not know: the file is written by hand */
export function parseAuthorFile(bytes: Uint8Array): AuthorFile {
  try {
    const reader = Reader.of(parseJson(bytes, 'ragv.json'), 'ragv.json');
    const found = readAuthorFile(reader);
    refuseUnknown(reader);
    return found;
  } catch (cause) {
    if (
      cause instanceof MalformedMetadataError ||
      cause instanceof LimitExceededError ||
      cause instanceof NameError
    )
      throw new FormatError('BAD_FORMAT', cause.message, {
        cause,
        hint: 'docs/reference/ragv.schema.json says what may stand in it',
      });
    throw cause;
  }
}

function readAuthorFile(reader: Reader): AuthorFile {
  if (reader.has('format') && reader.string('format') !== authorFormat)
    return reader.fail('format', authorFormat);
  if (reader.has('$schema')) reader.string('$schema');
  const kind = reader.has('kind') ? reader.string('kind') : null;
  if (kind !== null && kind !== 'node' && kind !== 'mcp') return reader.fail('kind', 'node or mcp');
  const runtime = reader.has('runtime') ? readRuntime(reader) : null;
  const entry = reader.has('entry') ? readEntry(reader.object('entry')) : noAuthorFile.entry;
  if (entry.main !== null && runtime !== null && runtime !== 'node')
    return reader.fail(
      'entry.main',
      `absent: nothing imports what runtime ${runtime} starts; name it in bin`,
    );
  return {
    vendor: reader.has('vendor') ? vendorName(reader.string('vendor')) : null,
    name: reader.has('name') ? pluginName(reader.string('name')) : null,
    description: reader.has('description') ? readLine(reader, 'description') : null,
    keywords: reader.has('keywords') ? readKeywords(reader) : null,
    kind,
    runtime,
    entry,
    capabilities: reader.has('capabilities') ? checkedCapabilities(reader) : null,
    evidence: reader.has('evidence') ? readLines(reader, 'evidence', 255) : [],
  };
}

function readRuntime(reader: Reader): AuthorFile['runtime'] {
  const text = reader.string('runtime');
  return (
    authorRuntimes.find((item) => item === text) ??
    reader.fail('runtime', `one of ${authorRuntimes.join(', ')}`)
  );
}

function readKeywords(reader: Reader): readonly string[] {
  const keywords = readLines(reader, 'keywords', 100);
  return keywords.length > 50 ? reader.fail('keywords', 'at most 50') : keywords;
}

function readEntry(entry: Reader): AuthorFile['entry'] {
  const found = {
    main: entry.has('main') ? filePath(entry.string('main')) : null,
    bin: entry.has('bin')
      ? new Map([...readTexts(entry, 'bin')].map(([name, path]) => [name, filePath(path)]))
      : null,
  };
  refuseUnknown(entry);
  return found;
}

/** Checked as the manifest will be, and kept as written: what is packed is what the author wrote. */
function checkedCapabilities(reader: Reader): JsonObject {
  readCapabilities(reader.object('capabilities'));
  const value = reader.value('capabilities');
  return isJsonObject(value) ? value : {};
}

function refuseUnknown(reader: Reader): void {
  for (const name of reader.rest().keys()) reader.fail(name, 'no member of this name');
}
