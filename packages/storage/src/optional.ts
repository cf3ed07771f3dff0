import { createRequire } from 'node:module';
import { StorageError } from './errors.ts';

/**
 * A package of the provider that only some set-ups need, loaded when they do: `@ragnos/storage` names it as an optional peer,
 * so nobody downloads it for nothing. Throws STORAGE_PACKAGE_MISSING.
 */
export function optionalPackage(name: string, purpose: string, otherwise: string): object {
  // Not import(): bundlers and test runners resolve that themselves, and each has its own error for what is not there.
  const load = createRequire(import.meta.url);
  let loaded: unknown;
  try {
    loaded = load(name);
  } catch (error) {
    const absent = error instanceof Error && error.message.startsWith(`Cannot find module '${name}'`);
    if (!absent) throw error;
    throw new StorageError(
      'STORAGE_PACKAGE_MISSING',
      `${purpose} takes the package ${name}, which is not installed`,
      {
        hint: `npm install ${name}, or ${otherwise}`,
        cause: error,
      },
    );
  }
  if (typeof loaded === 'object' && loaded !== null) return loaded;
  throw new StorageError('STORAGE_PACKAGE_MISSING', `${name} is not the package that it should be`);
}

/** A member of such a package, which has no types while it is not there. */
export function memberOf(from: unknown, name: string): unknown {
  if ((typeof from !== 'object' && typeof from !== 'function') || from === null) return undefined;
  return new Map<string, unknown>(Object.entries(from)).get(name) ?? Reflect.get(from, name);
}

/** An instance of a class of such a package, whose methods are called by name. */
export function construct(
  from: object,
  className: string,
  ...args: readonly unknown[]
): { call(method: string, ...args: readonly unknown[]): Promise<unknown> } {
  const made: unknown = memberOf(from, className);
  if (typeof made !== 'function')
    throw new StorageError('STORAGE_PACKAGE_MISSING', `there is no ${className} in it`);
  const instance: unknown = Reflect.construct(made, [...args]);
  return {
    call: async (method, ...rest) => {
      const found = memberOf(instance, method);
      const answer: unknown =
        typeof found === 'function' ? Reflect.apply(found, instance, [...rest]) : undefined;
      return answer;
    },
  };
}
