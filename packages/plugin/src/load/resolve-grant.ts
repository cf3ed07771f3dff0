import { existsSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

import type { Capabilities } from '../capabilities/capabilities.ts';
import type { CapabilityName } from '../capabilities/items.ts';
import { describeItem } from '../capabilities/words.ts';
import type { Grant } from '../confine/grant.ts';
import { isInside, overlaps } from '../confine/inside.ts';
import { findProgram } from '../confine/programs.ts';
import type { Withheld } from '../host/grants-permit.ts';
import { ensureFolder } from '../host/paths.ts';

/** What the roots of capabilities stand for here; `null` = nothing, and what lies below it is withheld. */
export interface Places {
  readonly data: () => string;
  readonly temp: string | null;
  readonly project: string | null;
  readonly chosen: readonly string[];
  readonly home?: string;
}

export interface GrantInputs {
  /** What is left after consent and policy. */
  readonly capabilities: Capabilities;
  readonly places: Places;
  /** What no grant may reach: the vault's home. */
  readonly deny: readonly string[];
  /** Where values of granted variables come from; the first that has one. */
  readonly environments: readonly (
    ReadonlyMap<string, string> | Readonly<Record<string, string | undefined>>
  )[];
}

export interface Resolved {
  readonly grant: Grant;
  /** What was allowed and cannot be given here, and why. */
  readonly missing: readonly Withheld[];
}

/**
 * Turns capabilities into paths, programs and values of this host. A path that is, holds or lies in what is denied is not
 * given, whoever agreed to it.
 */
export function resolveGrant({ capabilities, places, deny, environments }: GrantInputs): Resolved {
  const missing: Withheld[] = [];
  const miss = (capability: CapabilityName, value: string, why: string): void =>
    void missing.push({ what: describeItem({ capability, value }), by: 'host', why });
  const denied = deny.map(real);
  const resolvePlaces = (list: readonly string[], what: CapabilityName): readonly string[] => {
    const found = list.flatMap((place) => {
      const paths = pathsOf(place, places);
      if (paths.length === 0) miss(what, place, 'it stands for nothing here');
      return paths.flatMap(({ path, within }) => {
        if (!existsSync(path)) {
          miss(what, place, `${path} does not exist`);
          return [];
        }
        const target = realpathSync(path);
        if (within !== null && !isInside(target, within)) {
          miss(what, place, `${path} leads out of ${within}`);
          return [];
        }
        const kept = denied.find((one) => overlaps(target, one));
        if (kept !== undefined) {
          miss(what, place, `${target} would open ${kept}, which belongs to the vault`);
          return [];
        }
        return [target];
      });
    });
    return [...new Set(found)];
  };
  const exec = capabilities.exec.flatMap((name) => {
    const program = name === '*' ? null : name.startsWith('/') ? name : findProgram(name);
    if (program === null || !existsSync(program)) {
      miss('exec', name, name === '*' ? 'only mode trusted runs any program' : 'there is none here');
      return [];
    }
    return [realpathSync(program)];
  });
  const { native, worker, eval: evaluates, limits } = capabilities;
  const grant: Grant = {
    read: resolvePlaces(capabilities.read, 'fs.read'),
    write: resolvePlaces(capabilities.write, 'fs.write'),
    connect: capabilities.connect,
    env: valuesOf(capabilities.env, environments),
    exec: [...new Set(exec)],
    native,
    worker,
    eval: evaluates,
    limits: {
      memoryBytes: limits.memoryMb * 1024 * 1024,
      cpuSeconds: limits.cpuSeconds,
      callsPerMinute: limits.callsPerMinute,
    },
  };
  return { grant, missing };
}

interface Place {
  readonly path: string;
  /** What it must not lead out of: a plugin could have laid a link there. */
  readonly within: string | null;
}

function pathsOf(place: string, places: Places): readonly Place[] {
  const slash = place.indexOf('/');
  const [root, rest] = slash < 0 ? [place, ''] : [place.slice(0, slash), place.slice(slash + 1)];
  const below = (folder: string): Place => ({ path: join(resolve(folder), rest), within: real(folder) });
  // In folders that are the plugin's own, what it names is made; a link on the way is refused.
  const own = (folder: string): Place => {
    ensureFolder(folder, ...rest.split('/').filter((name) => name !== ''));
    return below(folder);
  };
  switch (root) {
    case '$data':
      return [own(places.data())];
    case '$temp':
      return places.temp === null ? [] : [own(places.temp)];
    case '$project':
      return places.project === null ? [] : [below(places.project)];
    case '$chosen':
      return places.chosen.map(below);
    case '$home':
      return [below(places.home ?? homedir())];
    default:
      return [{ path: place, within: null }];
  }
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}

/** Of those of `names` that are set. */
export function valuesOf(
  names: readonly string[],
  environments: GrantInputs['environments'],
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const name of names)
    for (const from of environments) {
      const value: unknown = from instanceof Map ? from.get(name) : Reflect.get(from, name);
      if (typeof value !== 'string') continue;
      found.set(name, value);
      break;
    }
  return found;
}
