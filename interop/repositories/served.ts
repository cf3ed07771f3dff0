import type { JsonValue } from '@ragnos/tuf';
import type { PeerName } from '../lib/peer.ts';
import { Keyring, type KeyKind } from './keyring.ts';
import { make, type Made, type MakeOptions, type Place, type State } from './made.ts';

/**
 * A repository that we publish and peers read; in turn, when there are several states, with what they kept. It is published
 * once, with `compat` set for all that can read it.
 */
export interface Served {
  readonly name: string;
  readonly what: string;
  /** The first state is where clients begin. */
  readonly publish: (place: Place) => Promise<readonly State[]>;
  /**
   * Peers that cannot be served this, and why. Both is tried: that publishing refuses it with `compat` set for one of them, and
   * that the peer fails on what is published without.
   */
  readonly cannot?: Partial<Record<PeerName, string>>;
  /** Publishing cannot know: it tells of it, and `cannot` fails when it is read. */
  readonly notRefused?: boolean;
  /** Published for each peer by itself. */
  readonly alone?: boolean;
}

const files = Array.from({ length: 12 }, (_, index) => `files/${index}.txt`);

/** Made with keys of its own and looked at once. */
export function once(
  build: (made: Made) => Promise<unknown>,
  options: (keys: Keyring) => MakeOptions = () => ({}),
  kind?: KeyKind,
): Served['publish'] {
  return async (place) => {
    const keys = new Keyring(kind);
    const made = await make(place, keys, options(keys));
    await build(made);
    return [await made.state()];
  };
}

export function withKeys(kind: KeyKind): Served['publish'] {
  const delegations = (keys: Keyring): MakeOptions => ({
    delegations: [keys.delegation('vendor', ['vendor/*'])],
  });
  return once((made) => made.add('top.txt', 'vendor/tool.txt'), delegations, kind);
}

/** Without a style, that which suits the clients. */
export function withBins(style?: 'succinct' | 'prefixes', signedBy?: 'snapshot'): Served['publish'] {
  return async (place) => {
    const keys = new Keyring();
    const signers = signedBy === undefined ? {} : { signedBy };
    const bins = { bitLength: 4, ...(style === undefined ? {} : { style }), ...signers };
    const made = await make(place, keys, { delegations: [keys.delegation('files', ['files/*'], { bins })] });
    await made.add(...files);
    const first = await made.state();
    await made.remove('files/3.txt');
    await made.add('files/new.txt');
    return [first, await made.state()];
  };
}

export const withNames = (...paths: readonly string[]): Served['publish'] =>
  once((made) => made.add(...paths));

/** Delegations by name and pattern, and targets. */
export function withRoles(
  roles: readonly (readonly [name: string, pattern: string])[],
  ...paths: readonly string[]
): Served['publish'] {
  return once(
    (made) => made.add(...paths),
    (keys) => ({ delegations: roles.map(([name, pattern]) => keys.delegation(name, [pattern])) }),
  );
}

export const withCustom = (custom: JsonValue): Served['publish'] =>
  once((made) => made.addCustom('a.txt', custom));
