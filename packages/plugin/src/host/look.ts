import type { Updater } from '@ragnos/client';
import { VaultError } from '@ragnos/tuf';
import { DiskError, writeFileAtomic } from '@ragnos/disk';
import { join } from 'node:path';

import { firstSeenOf, parseSearch } from '../formats/catalog.ts';
import { compareVersions } from '../formats/versions.ts';
import type { PluginIndex } from '../formats/plugin-index.ts';
import type { Revocations } from '../formats/revocations.ts';
import type { PluginSpec } from '../names.ts';
import type { CallOptions } from './api.ts';
import type { Held, HeldUpdate, HostStatus, PluginInfo, PluginStatus, SearchHit } from './reports.ts';
import { chooseVersion, type Chosen, type Judge } from './choose.ts';
import { heldBack } from './consent-held.ts';
import { lockIfFree, type Context } from './context.ts';
import { filesByManifest } from './file-kinds.ts';
import { describe } from './kept.ts';
import { checkVendor } from './owner.ts';
import { ensureFolder } from './paths.ts';
import type { Pointer } from './pointer.ts';
import { readPointer } from './pointer.ts';
import { asDamaged, pointers } from './pointers.ts';
import { policiesKnown } from './policy-file.ts';
import { judgeFor } from './policy-judge.ts';
import { rulesFor } from './policy.ts';
import type { Session } from './session.ts';
import { knownIndex, knownRevocations, openSession, openUpdater, readIndex, readSmall } from './session.ts';
import { knownSeen, readSeen, unseen } from './seen.ts';
import { asHeld, heldAsKnown, heldFor, refusedToStart } from './verify.ts';

/** Every word of `text` occurs in name, description or keywords; names first. */
export async function search(
  context: Context,
  text: string,
  { signal }: CallOptions,
): Promise<readonly SearchHit[]> {
  const { updater } = await openSession(context, signal);
  const info = await updater.find('catalog/_search.json', { signal });
  if (info === null) return [];
  const copy = join(context.paths.known, 'search.json');
  const { bytes, kept } = await readSmall(context, updater, info, copy, { signal });
  const entries = parseSearch(bytes);
  if (!context.offline && !kept) {
    ensureFolder(context.paths.folder, 'known');
    await writeFileAtomic(copy, bytes, { mode: 0o600 });
  }
  const installed = new Map(
    (await pointers(context)).readable.map((p) => [`${p.vendor}/${p.plugin}`, p.version as string]),
  );
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const named = (name: string): number => (words.every((word) => name.includes(word)) ? 0 : 1);
  return entries
    .map((entry) => ({ entry, name: `${entry.vendor}/${entry.plugin}` }))
    .filter(({ entry, name }) => {
      const all = [name, entry.description, ...entry.keywords].join(' ').toLowerCase();
      return words.every((word) => all.includes(word));
    })
    .toSorted((a, b) => named(a.name) - named(b.name) || (a.name < b.name ? -1 : 1))
    .map(({ entry, name }) => ({
      repository: context.record.alias,
      ...entry,
      installed: installed.get(name) ?? null,
    }));
}

export async function info(context: Context, spec: PluginSpec, { signal }: CallOptions): Promise<PluginInfo> {
  const session = await openSession(context, signal);
  const index = await readIndex(context, session, spec, { remember: false, signal });
  const pointer = await readPointer(context, spec);
  const seen = await readSeen(context, session, spec, { remember: false, signal });
  const versions = [...index.versions]
    .toSorted(([a], [b]) => compareVersions(b, a))
    .map(([version, entry]) => {
      const { artifact, manifest, engines, yanked } = entry;
      const refused = unseen(seen, index, { version, entry });
      return {
        version,
        length: artifact.length,
        sha256: artifact.sha256,
        engines,
        yanked,
        revoked: reasonOf(session.revocations, { artifact: artifact.sha256, manifest: manifest.sha256 }),
        installed: pointer?.version === version,
        firstSeen: seen === null ? null : firstSeenOf(seen.digests, entry),
        refused: refused === null ? null : heldFor(refused),
      };
    });
  const { vendor, plugin, description, channels } = index;
  return { repository: context.record.alias, vendor, plugin, description, channels, versions };
}

/** Why an artifact or its manifest was revoked; `null` = it was not. */
export function reasonOf(
  revocations: Revocations,
  digests: { readonly artifact: string; readonly manifest: string },
): string | null {
  return (revocations.get(digests.artifact) ?? revocations.get(digests.manifest))?.reason ?? null;
}

/** What is known about what is installed: refreshed if that is possible, and why not if it is not. */
export async function status(context: Context, { signal }: CallOptions): Promise<HostStatus> {
  let session: Session | null = null;
  let stale: HostStatus['stale'] = null;
  try {
    session = await openSession(context, signal);
  } catch (error) {
    if (!(error instanceof VaultError || error instanceof DiskError)) throw error;
    context.events.refusal(error, null);
    stale = { code: error.code, message: error.message, hint: error.hint ?? null };
  }
  const { readable, unreadable } = await pointers(context);
  const plugins = await pluginsNow(context, session, readable, signal);
  const knowledge = (session?.updater ?? (await lastKnown(context, signal)))?.knowledge();
  return {
    repository: context.record.alias,
    url: context.record.url,
    lastRefresh: knowledge?.lastRefresh?.toISOString() ?? null,
    ageMs: knowledge?.ageMs ?? null,
    clockBehindMs: knowledge?.clockBehindMs ?? 0,
    stale,
    versions: knowledge?.versions ?? new Map(),
    plugins,
    damaged: unreadable.map((one) => asDamaged(context, one)),
  };
}

/** What is seen now is remembered, unless somebody else is at work: it is what is known later, when nobody can be asked. */
async function pluginsNow(
  context: Context,
  session: Session | null,
  installed: readonly Pointer[],
  signal: AbortSignal | undefined,
): Promise<readonly PluginStatus[]> {
  const revocations = session?.revocations ?? (await knownRevocations(context));
  const lock = session === null || context.offline ? null : await lockIfFree(context);
  try {
    const plugins: PluginStatus[] = [];
    for (const pointer of installed) {
      const { held, index, judge } = await vendorAndIndex(context, session, pointer, {
        remember: lock !== null,
        signal,
      });
      const takes = held === null ? index : null;
      const about = await describe(context, pointer);
      const next = takes === null ? null : await wouldTake(takes, pointer.wanted, revocations, judge);
      plugins.push({
        ...about,
        heldUpdate: heldNow(context, pointer, next) ?? about.heldUpdate,
        yanked: index?.versions.get(pointer.version)?.yanked ?? null,
        revoked: reasonOf(revocations, pointer),
        held,
        refused: await refusedToStart(context, pointer),
        wanted: pointer.wanted,
        newer: next !== null && compareVersions(next.version, pointer.version) > 0 ? next.version : null,
        newest: takes === null ? null : ((await wouldTake(takes, null, revocations, null))?.version ?? null),
      });
    }
    return plugins;
  } finally {
    lock?.release();
  }
}

/** How long ago the last refresh was, when there is none now; `null` if not even what is kept can be read. */
async function lastKnown(context: Context, signal: AbortSignal | undefined): Promise<Updater | null> {
  try {
    return await openUpdater({ ...context, offline: true }, signal);
  } catch (error) {
    if (error instanceof VaultError || error instanceof DiskError) return null; // `stale` has said why already
    throw error;
  }
}

/** One plugin's refusal must not hide the others; what is refused is not read, and the plugin is as it was known. */
async function vendorAndIndex(
  context: Context,
  session: Session | null,
  pointer: Pointer,
  options: { readonly remember: boolean; readonly signal: AbortSignal | undefined },
): Promise<VendorNow> {
  if (session === null) {
    const index = await knownIndex(context, pointer);
    const policies = await policiesKnown(context);
    const revocations = await knownRevocations(context);
    const rules = rulesFor(policies, pointer);
    const seen = await knownSeen(context, pointer);
    const about = { rules, seen, pointer, revocations, filesOf: null };
    return {
      held: await heldAsKnown(context, pointer),
      index,
      judge: index === null ? null : await judgeFor(context, { ...about, index }),
    };
  }
  try {
    await checkVendor(context, session, pointer, { accept: false, ...options });
    const index = await readIndex(context, session, pointer, options);
    const seen = await readSeen(context, session, pointer, options);
    const { policies, revocations } = session;
    const rules = rulesFor(policies, pointer);
    const filesOf = filesByManifest(context, session, index, options.signal);
    const judge = await judgeFor(context, { rules, index, seen, pointer, revocations, filesOf });
    const next = await wouldTake(index, pointer.wanted, revocations, judge);
    const refused = next === null ? null : unseen(seen, index, next);
    if (refused !== null) throw refused;
    return { held: null, index, judge };
  } catch (error) {
    const held = asHeld(context, error, `${pointer.vendor}/${pointer.plugin}`);
    return { held, index: await knownIndex(context, pointer), judge: null };
  }
}

interface VendorNow {
  readonly held: Held | null;
  readonly index: PluginIndex | null;
  readonly judge: Judge | null;
}

/** What a rule keeps back, if that is newer than what is there. */
function heldNow(context: Context, pointer: Pointer, next: Chosen | null): HeldUpdate | null {
  const held = next === null ? null : heldBack(context, next, true);
  return held !== null && compareVersions(held.version, pointer.version) > 0 ? held : null;
}

/** `null` = there is nothing that it could be updated to. */
async function wouldTake(
  index: PluginIndex,
  wanted: string | null,
  revocations: Revocations,
  judge: Judge | null,
): Promise<Chosen | null> {
  try {
    return await chooseVersion(index, wanted, { revocations, prerelease: false, judge });
  } catch (error) {
    if (error instanceof VaultError) return null;
    throw error;
  }
}
