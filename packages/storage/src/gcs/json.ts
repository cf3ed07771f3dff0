/** A member of an answer in JSON, reached by names; `undefined`: there is none, or the answer is not JSON. */
export function jsonAt(bytes: Uint8Array, ...path: readonly string[]): unknown {
  let at: unknown;
  try {
    at = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
  for (const name of path) at = member(at, name);
  return at;
}

export function member(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null && Object.hasOwn(of, name) ? Reflect.get(of, name) : undefined;
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
