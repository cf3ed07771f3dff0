import type { Limits } from '../limits.ts';
import { Reader } from '../json/reader.ts';
import { isJsonObject, type JsonValue } from '../json/value.ts';
import type { Root, RoleKeys, SignedByType, SignedType, Snapshot, Targets, Timestamp } from '../model.ts';
import { roleName, topLevelRoles, type TopLevelRole } from '../names.ts';
import { readDelegations } from './delegations.ts';
import { readCommon, readKeys, readMetaFile, readRoleKeys } from './fields.ts';
import { readMetaFiles } from './meta-files.ts';
import type { PlainFiles } from './plain-files.ts';
import { readTargetFiles } from './target-files.ts';

type Readers = {
  readonly [T in SignedType]: (reader: Reader, limits: Limits, files: PlainFiles | null) => SignedByType[T];
};

const readers: Readers = {
  root: readRoot,
  timestamp: readTimestamp,
  snapshot: readSnapshot,
  targets: readTargets,
};

/** Reads a signed part of type `type`; refuses one that says it is of another type. `files`: those of a role, cut out of `json`. */
export function readSigned<T extends SignedType>(
  json: JsonValue | undefined,
  type: T,
  limits: Limits,
  what: string,
  files: PlainFiles | null,
): SignedByType[T] {
  const reader = Reader.of(json, what);
  if (reader.string('_type') !== type) reader.fail('_type', type);
  return readers[type](reader, limits, files);
}

/** 4.3 */
function readRoot(reader: Reader, limits: Limits): Root {
  const common = readCommon(reader);
  const roles = reader.object('roles');
  const read = (role: TopLevelRole): [TopLevelRole, RoleKeys] => {
    const keys = roles.object(role);
    return [role, { ...readRoleKeys(keys), unrecognized: keys.rest() }];
  };
  const found = new Map(topLevelRoles.map(read));
  if (roles.rest().size > 0) reader.fail('roles', 'exactly root, timestamp, snapshot and targets');
  return {
    type: 'root',
    ...common,
    consistentSnapshot: reader.has('consistent_snapshot') && reader.boolean('consistent_snapshot'),
    keys: readKeys(reader.object('keys'), limits),
    roles: found,
    unrecognized: reader.rest(),
  };
}

/** 4.6 */
function readTimestamp(reader: Reader): Timestamp {
  const common = readCommon(reader);
  const meta = reader.object('meta');
  const snapshot = readMetaFile(meta.object('snapshot.json'));
  if (meta.rest().size > 0) reader.fail('meta', 'snapshot.json alone');
  return { type: 'timestamp', ...common, snapshot, unrecognized: reader.rest() };
}

/** 4.4 */
function readSnapshot(reader: Reader): Snapshot {
  const common = readCommon(reader);
  const json = reader.value('meta');
  if (!isJsonObject(json)) reader.fail('meta', 'an object');
  const meta = readMetaFiles(Reader.of(json, `${reader.path}.meta`), json);
  if (!meta.has(roleName('targets'))) reader.fail('meta', 'targets.json among its files');
  return { type: 'snapshot', ...common, meta, unrecognized: reader.rest() };
}

/** 4.5 */
function readTargets(reader: Reader, limits: Limits, cut: PlainFiles | null): Targets {
  const common = readCommon(reader);
  const files = reader.value('targets');
  if (!isJsonObject(files)) reader.fail('targets', 'an object');
  return {
    type: 'targets',
    ...common,
    targets: cut ?? readTargetFiles(files),
    delegations: reader.has('delegations') ? readDelegations(reader.object('delegations'), limits) : null,
    unrecognized: reader.rest(),
  };
}
