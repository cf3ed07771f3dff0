import { getBuiltIn } from './primordials.ts';

/** For reading what nobody has promised the form of. Functions are objects too; anything else becomes an empty one. */
export function objectOf(value: unknown): object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function' ? value : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? Array.from<unknown>(value) : [];
}

/** A module of Node, loaded when asked for: past the loader, whose functions the plugin may have exchanged. */
export function builtIn(name: string): object {
  return objectOf(getBuiltIn(`node:${name}`));
}
