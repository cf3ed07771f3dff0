import { LimitExceededError, MalformedMetadataError, parseJson, Reader } from '@ragnos/tuf';
import type { CapabilityPolicy } from '../capabilities/narrow.ts';
import { FormatError } from '../errors.ts';
import { readBounds, readGrantBounds } from './organisation-policy.ts';

/** How much of what is declared, in the words of a manifest: as a program says it, a file for `--grant` and a rule of a policy. */
export interface CapabilityBounds {
  readonly 'fs.read'?: readonly string[] | undefined;
  readonly 'fs.write'?: readonly string[] | undefined;
  readonly 'net.connect'?: readonly string[] | undefined;
  readonly env?: readonly string[] | undefined;
  readonly exec?: readonly string[] | undefined;
  readonly native?: boolean | undefined;
  readonly worker?: boolean | undefined;
  readonly eval?: boolean | undefined;
  readonly requests?: readonly string[] | undefined;
  /** Names. */
  readonly tools?: readonly string[] | undefined;
  readonly prompts?: readonly string[] | undefined;
  readonly limits?: { readonly [name in 'memoryMb' | 'cpuSeconds' | 'callsPerMinute']?: number | undefined };
}

/** What is absent is not bounded. @throws FormatError `BAD_FORMAT`, with the way to the mistake: `grant.fs.raed` */
export function boundsFrom(given: CapabilityBounds, what: string): CapabilityPolicy {
  return read(given, what, readBounds);
}

/** What is absent is not granted. @throws FormatError `BAD_FORMAT` */
export function grantFrom(given: CapabilityBounds, what: string): CapabilityPolicy {
  return read(given, what, readGrantBounds);
}

function read(
  given: CapabilityBounds,
  what: string,
  how: (reader: Reader) => CapabilityPolicy,
): CapabilityPolicy {
  try {
    return how(Reader.of(parseJson(Buffer.from(JSON.stringify(given)), what), what));
  } catch (cause) {
    if (cause instanceof MalformedMetadataError || cause instanceof LimitExceededError)
      throw new FormatError('BAD_FORMAT', cause.message, { cause });
    throw cause;
  }
}
