/** What a question found. */
export interface Outcome {
  readonly lines: readonly string[];
  readonly good: boolean;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A member that must be text. */
export function textOf(value: unknown, name: string): string {
  const member = isRecord(value) ? value[name] : undefined;
  if (typeof member !== 'string')
    throw new Error(`the peer's answer has no ${name}: ${JSON.stringify(value)}`);
  return member;
}

export function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`the peer's answer is no list: ${JSON.stringify(value)}`);
  return value;
}
