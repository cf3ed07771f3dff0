import { Reader, roleName, targetPath, type Key, type Signature } from '@ragnos/tuf';
import { vendorName, type VendorName } from '../names.ts';
import { readFormat, readSha256, writeFormat } from './common.ts';
import { keysToJson, readKeys, readSignatures, readThreshold, signaturesToJson } from './owners.ts';

export const submissionFormat = 'ragnos-submission/1';
const maxRoles = 20_000;
const maxTargets = 1_000_000;

/** A file to be published, kept in the submission's folder as `targets/<sha256>`. */
export interface SubmittedTarget {
  /** A target path. */
  readonly path: string;
  readonly length: number;
  readonly sha256: string;
}

/**
 * `submission.json`, in a folder with `roles/<role>.json` and `targets/<sha256>`: what a vendor signed on its own machine. It
 * has no authority of its own; all that counts are the signatures on the roles in it.
 */
export interface Submission {
  /** The id that the root of the repository carries which it is for (`repositoryId`). */
  readonly repository: string;
  readonly vendor: VendorName;
  /** The keys that shall sign for the vendor from now on, at its entry or at a handover; null: as before. */
  readonly owner: {
    readonly keys: readonly Key[];
    readonly threshold: number;
    /** Signatures of the keys before over the handover; empty at the entry. */
    readonly handover: readonly Signature[];
  } | null;
  /** Role names, each once. */
  readonly roles: readonly string[];
  readonly targets: readonly SubmittedTarget[];
}

export function parseSubmission(bytes: Uint8Array): Submission {
  return readFormat(bytes, submissionFormat, (reader) => {
    const names = reader.strings('roles');
    if (names.length === 0 || names.length > maxRoles) reader.fail('roles', `1 to ${maxRoles} roles`);
    const roles: readonly string[] = names.map(roleName);
    if (new Set(roles).size < roles.length) reader.fail('roles', 'every role once');
    return {
      repository: readSha256(reader, 'repository'),
      vendor: vendorName(reader.string('vendor')),
      owner: reader.has('owner') ? readOwner(reader.object('owner')) : null,
      roles,
      targets: readTargets(reader),
    };
  });
}

function readTargets(reader: Reader): readonly SubmittedTarget[] {
  const list = reader.array('targets');
  if (list.length > maxTargets) reader.fail('targets', `at most ${maxTargets}`);
  const targets = list.map((json, index) => {
    const item = Reader.of(json, `targets[${index}]`);
    return {
      path: targetPath(item.string('path')),
      length: item.integer('length', 0),
      sha256: readSha256(item, 'sha256'),
    };
  });
  if (new Set(targets.map(({ path }) => path)).size < targets.length)
    reader.fail('targets', 'every path once');
  return targets;
}

function readOwner(reader: Reader): Submission['owner'] {
  const keys = readKeys(reader, 'keys');
  return { keys, threshold: readThreshold(reader, keys), handover: readSignatures(reader, 'handover') };
}

export function serializeSubmission({ repository, vendor, owner, roles, targets }: Submission): Uint8Array {
  return writeFormat({
    format: submissionFormat,
    repository,
    vendor,
    ...(owner === null
      ? {}
      : {
          owner: {
            keys: keysToJson(owner.keys),
            threshold: owner.threshold,
            handover: signaturesToJson(owner.handover),
          },
        }),
    roles,
    targets: targets.map((target) => ({ ...target })),
  });
}
