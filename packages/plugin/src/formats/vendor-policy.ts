import type { JsonOutput, Reader } from '@ragnos/tuf';
import { vendorName, type VendorName } from '../names.ts';
import { readFormat, readLines, writeFormat } from './common.ts';

export const vendorPolicyFormat = 'ragnos-vendors/1';
const maxPublishesPerHour = 1000;

/** What the door takes from one vendor. */
export interface VendorLimits {
  /** Bytes of one published file. */
  readonly artifactBytes: number;
  /** Bytes of all that it ever published. */
  readonly totalBytes: number;
  /** At most 1,000: the catalog remembers no more. */
  readonly publishesPerHour: number;
  /** Of one plugin. */
  readonly versions: number;
}

export const defaultVendorLimits: VendorLimits = {
  artifactBytes: 512 * 1024 * 1024,
  totalBytes: 50 * 1024 * 1024 * 1024,
  publishesPerHour: 120,
  versions: 1000,
};

export interface VendorRules {
  /** Gates that every artifact has to pass: `sbom`, `provenance`, … */
  readonly requires: readonly string[];
  readonly limits: VendorLimits;
  /** Days from signing to expiry that its role may have at most. */
  readonly maxLifeDays: number;
}

export const defaultVendorRules: VendorRules = {
  requires: [],
  limits: defaultVendorLimits,
  maxLifeDays: 400,
};

/** `policy/vendors.json`: signed by the keys of policy, so that neither a vendor nor the door alone can loosen it. */
export type VendorPolicy = ReadonlyMap<VendorName, VendorRules>;

export function parseVendorPolicy(bytes: Uint8Array): VendorPolicy {
  return readFormat(bytes, vendorPolicyFormat, (reader) => {
    const vendors = reader.object('vendors');
    const policy = new Map(
      vendors.names().map((name) => [vendorName(name), readRules(vendors.object(name))]),
    );
    refuseUnknown(reader);
    return policy;
  });
}

function readRules(reader: Reader): VendorRules {
  const limits = reader.object('limits');
  const rules = {
    requires: readLines(reader, 'requires', 64),
    limits: {
      artifactBytes: limits.integer('artifactBytes', 0),
      totalBytes: limits.integer('totalBytes', 0),
      publishesPerHour: limits.integer('publishesPerHour', 0, maxPublishesPerHour),
      versions: limits.integer('versions', 0),
    },
    maxLifeDays: reader.integer('maxLifeDays', 1, 3650),
  };
  refuseUnknown(limits);
  refuseUnknown(reader);
  return rules;
}

/** A rule that this door does not know, or that is spelled wrongly, is not one to be skipped. */
function refuseUnknown(reader: Reader): void {
  for (const name of reader.rest().keys()) reader.fail(name, 'no such rule');
}

/** @throws FormatError for rules that are out of bounds */
export function serializeVendorPolicy(policy: VendorPolicy): Uint8Array {
  const vendors = new Map<string, JsonOutput>(
    [...policy].map(([name, { requires, limits, maxLifeDays }]) => [
      name,
      { requires, limits: { ...limits }, maxLifeDays },
    ]),
  );
  const bytes = writeFormat({ format: vendorPolicyFormat, vendors });
  parseVendorPolicy(bytes); // what no door could read would stop every vendor
  return bytes;
}
