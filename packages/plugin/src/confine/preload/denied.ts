import { defineProperty, dictionary, slice } from './primordials.ts';

/** As Node's own refusals, so that a plugin has one code to look for. */
class AccessDeniedError extends Error {
  readonly code = 'ERR_ACCESS_DENIED';
  readonly permission: string;

  constructor(permission: string, what: string) {
    super(`not granted to this plugin: ${permission} ${what}`);
    this.name = 'Error';
    this.permission = permission;
  }
}

type Report = (capability: string, what: string) => void;
let report: Report = () => undefined;

/** Where refusals are told; the main thread sends them to the host. */
export function reportTo(to: Report): void {
  report = to;
}

export function denied(capability: string, what: string): AccessDeniedError {
  report(capability, slice(what, 0, 300));
  return new AccessDeniedError(capability, what);
}

/** Puts `value` in the place of a member: what was there is out of reach, whatever a plugin puts on top. A member that this Node does not have stays away. */
export function replace(target: object, name: string | symbol, value: unknown): void {
  if (!(name in target)) return;
  const descriptor = dictionary<unknown>();
  descriptor['value'] = value;
  descriptor['writable'] = true;
  descriptor['configurable'] = true;
  descriptor['enumerable'] = true;
  if (!defineProperty(target, name, descriptor)) throw new AccessDeniedError('other', 'a guard has no place');
}

/** A function for `replace` that refuses whatever it is called with. */
export function refuse(capability: string, what: string): () => never {
  return function refused(): never {
    throw denied(capability, what);
  };
}

export function refuseAll(
  target: object,
  names: readonly string[],
  capability: string,
  prefix: string,
): void {
  for (let at = 0; at < names.length; at++) {
    const name = names[at] ?? '';
    replace(target, name, refuse(capability, prefix + name));
  }
}
