import type { Actor, FileVersion, Listed, LostLog, RoleChange, TargetChange } from './entry.ts';
import { LogError } from './errors.ts';
import { isSha256 } from './hash.ts';
import { isArray, isObject, type LogJson, type LogObject } from './json.ts';

type Read<T> = (json: LogJson, path: string) => T;

export const name: Read<string> = (json, path) =>
  typeof json === 'string' && json !== '' && json.length <= 256 ? json : fail(path, '1 to 256 characters');

export const text: Read<string> = (json, path) => (typeof json === 'string' ? json : fail(path, 'a string'));

export const sha256: Read<string> = (json, path) =>
  isSha256(json) ? json : fail(path, 'a sha256 in lower-case hex');

export const matching =
  (pattern: RegExp): Read<string> =>
  (json, path) =>
    typeof json === 'string' && pattern.test(json) ? json : fail(path, String(pattern));

export const time: Read<Date> = (json, path) => {
  const date = new Date(typeof json === 'string' ? json : Number.NaN);
  const same = !Number.isNaN(date.getTime()) && date.toISOString() === json;
  return same ? date : fail(path, 'a time such as 2026-11-21T10:00:00.000Z');
};

const count: Read<number> = (json, path) =>
  typeof json === 'number' && Number.isSafeInteger(json) && json >= 0 ? json : fail(path, 'an integer >= 0');

export const names: Read<readonly string[]> = (json, path) =>
  isArray(json) ? json.map((item) => name(item, path)) : fail(path, 'an array of strings');

export const actor: Read<Actor> = (json, path) => {
  const members = object(json, path);
  const { type } = members;
  if (type !== 'user' && type !== 'vendor' && type !== 'service')
    return fail(`${path}.type`, 'user, vendor or service');
  return { type, name: name(member(members, 'name'), `${path}.name`) };
};

export const listed =
  <T>(item: Read<T>): Read<Listed<T>> =>
  (json, path) => {
    const members = object(json, path);
    const some = member(members, 'some');
    if (!isArray(some)) return fail(`${path}.some`, 'an array');
    return {
      count: count(member(members, 'count'), `${path}.count`),
      sha256: sha256(member(members, 'sha256'), `${path}.sha256`),
      some: some.map((one) => item(one, `${path}.some`)),
    };
  };

export const roleChange: Read<RoleChange> = (json, path) => {
  const members = object(json, path);
  return {
    name: name(member(members, 'name'), `${path}.name`),
    before: orNull(fileVersion)(member(members, 'before'), `${path}.before`),
    after: orNull(fileVersion)(member(members, 'after'), `${path}.after`),
  };
};

export const targetChange: Read<TargetChange> = (json, path) => {
  const members = object(json, path);
  return {
    path: text(member(members, 'path'), `${path}.path`),
    sha256: orNull(sha256)(member(members, 'sha256'), `${path}.sha256`),
  };
};

export const lost: Read<LostLog> = (json, path) => {
  const members = object(json, path);
  const restarts = Object.hasOwn(members, 'restarts')
    ? { restarts: count(member(members, 'restarts'), `${path}.restarts`) }
    : {};
  return {
    size: count(member(members, 'size'), `${path}.size`),
    root: sha256(member(members, 'root'), `${path}.root`),
    ...restarts,
    time: time(member(members, 'time'), `${path}.time`),
    by: text(member(members, 'by'), `${path}.by`),
    reason: text(member(members, 'reason'), `${path}.reason`),
  };
};

const fileVersion: Read<FileVersion> = (json, path) => {
  const members = object(json, path);
  return {
    version: count(member(members, 'version'), `${path}.version`),
    sha256: sha256(member(members, 'sha256'), `${path}.sha256`),
  };
};

function orNull<T>(read: Read<T>): Read<T | null> {
  return (json, path) => (json === null ? null : read(json, path));
}

/** An absent member is as wrong as one of another type. */
function member(members: LogObject, key: string): LogJson {
  return Object.hasOwn(members, key) ? (members[key] ?? null) : false;
}

function object(json: LogJson, path: string): LogObject {
  return isObject(json) ? json : fail(path, 'an object');
}

function fail(path: string, expected: string): never {
  throw new LogError('LOG_BAD_ENTRY', `entry.${path}: expected ${expected}`);
}
