import type { Packed } from './values.ts';

/** What the host says on the call lane. Numbers are names of calls, given by the host, each once. */
export type ToPlugin =
  | {
      readonly t: 'call';
      readonly id: number;
      readonly name: string;
      readonly input: boolean;
      readonly v: Packed;
    }
  /** Nobody waits for it any more. */
  | { readonly t: 'abort'; readonly id: number; readonly why: string }
  | { readonly t: 'in'; readonly id: number; readonly v: Packed }
  | { readonly t: 'inEnd'; readonly id: number; readonly error: string | null }
  /** So many more items of its stream may come. */
  | { readonly t: 'pull'; readonly id: number; readonly n: number }
  | { readonly t: 'ping'; readonly id: number };

/** What the plugin says; the host believes the form of none of it. */
export type FromPlugin =
  /** Its module is loaded, and exports these functions; or `error` says why not. */
  | { readonly t: 'up'; readonly functions: readonly string[]; readonly error: string | null }
  | { readonly t: 'ok'; readonly id: number; readonly v: Packed }
  | {
      readonly t: 'err';
      readonly id: number;
      readonly code: FaultCode;
      readonly name: string;
      readonly message: string;
    }
  /** The answer is a stream. */
  | { readonly t: 'stream'; readonly id: number }
  | { readonly t: 'item'; readonly id: number; readonly v: Packed }
  | { readonly t: 'end'; readonly id: number }
  /** So many more items of the call's input may come. */
  | { readonly t: 'pull'; readonly id: number; readonly n: number }
  | { readonly t: 'event'; readonly event: string; readonly v: Packed }
  | { readonly t: 'log'; readonly text: string }
  | { readonly t: 'pong'; readonly id: number };

/** `missing`: no such function; `value`: what it returns is no JSON; `size`: it is too much. */
export type FaultCode = 'missing' | 'thrown' | 'value' | 'size';

/** Items of a stream under way, in either direction: more are not sent before they were taken. */
export const streamWindow = 16;
