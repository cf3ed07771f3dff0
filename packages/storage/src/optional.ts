import { StorageError } from './errors.ts';

/**
 * A package of the provider that only some set-ups need, loaded when they do: `@ragnos/storage` names it as an optional peer,
 * so nobody downloads it for nothing. Throws STORAGE_PACKAGE_MISSING.
 */
export async function optionalPackage(name: string, purpose: string, otherwise: string): Promise<object> {
  try {
    const loaded: unknown = await import(name);
    if (typeof loaded === 'object' && loaded !== null) return loaded;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error;
  }
  throw new StorageError(
    'STORAGE_PACKAGE_MISSING',
    `${purpose} takes the package ${name}, which is not installed`,
    {
      hint: `npm install ${name}, or ${otherwise}`,
    },
  );
}

/** A member of such a package, which has no types while it is not there. */
export function memberOf(from: unknown, name: string): unknown {
  if ((typeof from !== 'object' && typeof from !== 'function') || from === null) return undefined;
  return new Map<string, unknown>(Object.entries(from)).get(name) ?? Reflect.get(from, name);
}
