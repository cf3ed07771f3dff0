/**
 * A guard stands in one process with the plugin that it guards against, and the plugin may exchange every method of every
 * prototype, every global, and every member of Node's modules (an import of one is exchanged with it). So what decides
 * uses the language's own operators, dictionaries without a prototype, and the functions that are taken here before any
 * code of the plugin runs. A test reads the guards and refuses anything else.
 */
import buffer from 'node:buffer';
import fs from 'node:fs';
import nodeModule from 'node:module';

export const { defineProperty, deleteProperty, get, getOwnPropertyDescriptor, ownKeys } = Reflect;
const { apply, construct } = Reflect;
const { create } = Object;
export const { isArray } = Array;
const { hash } = process.getBuiltinModule('node:crypto'); // see main.ts
export const { isUtf8 } = buffer;
export const { readFileSync } = fs;
export const { registerHooks, syncBuiltinESMExports } = nodeModule;
export const nodeProcess = process;
export const globals = globalThis;
export const ModuleClass: object = nodeModule;
export const modulePrototype: object = nodeModule.prototype;
export const getBuiltIn: (id: string) => unknown = process.getBuiltinModule.bind(process);

const decodeComponent = decodeURIComponent;
const Bytes = Uint8Array;
const none = new Uint8Array(0);
const Address = URL;
const Stand = Proxy;
const Wrong = TypeError;
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const decodeBytes: object = method(TextDecoder.prototype, 'decode');
const sliceText: object = method(String.prototype, 'slice');
const startText: object = method(String.prototype, 'startsWith');

function method(prototype: object, name: string): object {
  const found: unknown = get(prototype, name);
  if (typeof found !== 'function') throw new Wrong(`there is no ${name}`);
  return found;
}

/** Calls what is known to be a function by whoever took it. */
export function call(target: unknown, self: unknown, args: readonly unknown[]): unknown {
  if (typeof target !== 'function') throw new Wrong('no function');
  const result: unknown = apply(target, self, args);
  return result;
}

export function make(target: unknown, args: readonly unknown[], newTarget: unknown = target): object {
  if (typeof target !== 'function' || typeof newTarget !== 'function') throw new Wrong('no function');
  const made: unknown = construct(target, args, newTarget);
  return (typeof made === 'object' && made !== null) || typeof made === 'function' ? made : {};
}

/** No member is found in it that was not put there, whatever its name. */
export type Dictionary<T> = Record<string, T | undefined>;

export function dictionary<T>(): Dictionary<T> {
  const made: unknown = create(null);
  return isDictionary<T>(made) ? made : {};
}

function isDictionary<T>(value: unknown): value is Dictionary<T> {
  return typeof value === 'object';
}

export function setOf(words: readonly string[]): Readonly<Dictionary<true>> {
  const made = dictionary<true>();
  for (let at = 0; at < words.length; at++) made[words[at] ?? ''] = true;
  return made;
}

export function startsWith(text: string, start: string): boolean {
  return call(startText, text, [start]) === true;
}

export function slice(text: string, from: number, to?: number): string {
  const cut = call(sliceText, text, [from, to]);
  return typeof cut === 'string' ? cut : '';
}

/** `%2F` and the like read; a text that is none is itself. */
export function decodeUrl(text: string): string {
  try {
    return decodeComponent(text);
  } catch {
    return text;
  }
}

/** For people to read: nothing of it is asked what it is. */
export function named(value: unknown): string {
  return typeof value === 'string' ? slice(value, 0, 100) : `something that is ${typeof value}`;
}

/** Bytes that nobody else holds, whatever memory they came in. */
export function ownBytes(source: unknown): Uint8Array {
  const own = make(Bytes, [make(Bytes, [source])]);
  return isBytes(own) ? own : none;
}

function isBytes(value: object): value is Uint8Array {
  return 'byteLength' in value;
}

export function textOf(bytes: Uint8Array): string {
  const text = call(decodeBytes, decoder, [bytes]);
  return typeof text === 'string' ? text : '';
}

export function sha256(bytes: Uint8Array | string): string {
  return hash('sha256', bytes, 'hex');
}

/** One address, as Node reads it, of what may say something else each time that it is asked. */
export function addressOf(value: object): object | null {
  const href: unknown = get(value, 'href');
  if (typeof href !== 'string') return null;
  return make(Address, [href]);
}

/** Handlers inherit from nobody, or a plugin would add traps to them. */
export function standIn(target: unknown, name: 'construct' | 'set', trap: object): object {
  const handler = dictionary<unknown>();
  handler[name] = trap;
  return make(Stand, [target, handler]);
}
