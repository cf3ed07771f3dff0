import { isJsonObject, type JsonObject, type JsonValue } from '@ragnos/tuf';

// Manifests of others, read as far as we need them: what has another form than expected counts as absent.

export function member(json: JsonObject, name: string): JsonObject {
  const value = Object.hasOwn(json, name) ? json[name] : undefined;
  return isJsonObject(value) ? value : {};
}

/** Texts of one line and at most `max` characters, control characters as blanks. */
export function lines(value: JsonValue | undefined, max = 500): readonly string[] {
  return Array.isArray(value)
    ? value.flatMap((item: JsonValue) => (typeof item === 'string' ? [oneLine(item, max)] : []))
    : [];
}

/** The members that are texts. */
export function texts(value: JsonValue | undefined): ReadonlyMap<string, string> {
  if (!isJsonObject(value)) return new Map();
  return new Map(
    Object.entries(value).flatMap(([key, item]) =>
      typeof item === 'string' ? [[oneLine(key, 200), oneLine(item, 1024)] as const] : [],
    ),
  );
}

export function oneLine(text: string, max: number): string {
  return text
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, max)
    .toWellFormed();
}
