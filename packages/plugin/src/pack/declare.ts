import type { JsonObject } from '@ragnos/tuf';
import { capabilitiesToJson, parseCapabilities } from '../capabilities/capabilities.ts';
import { claudePrompts } from '../capabilities/claude-prompts.ts';
import { findingsOf, missingJson, placeOf } from '../capabilities/check.ts';
import { isInspected, startOf } from '../capabilities/entries.ts';
import { inspectFiles } from '../capabilities/inspect.ts';
import type { MissingModule } from '../capabilities/inspection.ts';
import { joinCapabilities } from '../capabilities/join.ts';
import { declarationFor, type UsedCapability } from '../capabilities/used.ts';
import { visible } from '../capabilities/visible.ts';
import { describeCapabilities } from '../capabilities/words.ts';
import { PackError } from '../errors.ts';
import type { PluginManifest } from '../formats/manifest.ts';
import { fittingTexts, textDigest, tooLong } from '../formats/texts.ts';
import type { PlainFile } from './bundle.ts';

export interface ToDeclare {
  readonly files: readonly PlainFile[];
  readonly entry: PluginManifest['entry'];
  readonly runtime?: PluginManifest['runtime'];
  /** What ragv.json says; null: it says nothing of capabilities. */
  readonly stated: JsonObject | null;
  /** What the package's own manifest starts or connects to: that cannot be left out. */
  readonly found: JsonObject;
  readonly signal?: AbortSignal | undefined;
}

/** Members of the manifest, and what somebody should know. */
export interface Declared extends Pick<PluginManifest, 'capabilities' | 'texts'> {
  readonly notes: readonly string[];
}

/**
 * The capabilities of the manifest. What an author states must cover what the code uses. Where nobody stated anything, what
 * the code uses is declared, by whoever packs and signs it: so a package that others wrote can be published, and its next
 * version that uses more is held at every host (ADR 11).
 *
 * The prompts of a folder for Claude are listed whatever the author stated: their texts stand in `texts`, as far as they fit.
 *
 * @throws PackError `CAPABILITY_UNDECLARED`, `HIDDEN_CHARACTERS`, `PACKAGE_MANIFEST`, `DEPENDENCIES_MISSING`
 */
export async function declareCapabilities({
  files,
  entry,
  runtime,
  stated,
  found,
  signal,
}: ToDeclare): Promise<Declared> {
  const start = startOf(entry, files, runtime);
  const bodies = new Map(files.map(({ path, body }) => [path, body]));
  const inspection = await inspectFiles(
    files.map(({ path, body }) => ({ path, size: body.length })),
    (path) => bodies.get(path) ?? new Uint8Array(),
    { ...start, ownVariables: entry.launch?.env.keys(), signal },
  );
  // What an editor or Claude starts finds modules of theirs.
  if (!start.startsOwn) refuseMissing(inspection.missing);
  const known = joinCapabilities(parseCapabilities(stated ?? {}), parseCapabilities(found));
  const said = await claudePrompts(files, (path) => bodies.get(path) ?? new Uint8Array());
  const [unfit] = said.unfit;
  if (unfit !== undefined)
    throw new PackError('PACKAGE_MANIFEST', `${visible(unfit.file)}: ${unfit.what}`, {
      hint: 'what is said to a model is signed: shorten its path, write it as UTF-8, or leave it out; what the manifest names has to be there',
    });
  const own = stated === null ? joinCapabilities(known, declarationFor(inspection.used)) : known;
  const digests = [...said.prompts].map(([name, text]) => [name, textDigest(text)] as const);
  const declared = { ...own, prompts: new Map([...own.prompts, ...digests]) };
  const findings = findingsOf(inspection, declared);
  const [first] = findings;
  if (first !== undefined) {
    const said = findings.slice(0, 4).map((one) => `${placeOf(one)}: ${one.what}`);
    const left = findings.length - said.length;
    const message = [...said, ...(left === 0 ? [] : [`and ${left} more`])].join('; ');
    const json = missingJson(inspection, declared);
    if (first.code === 'HIDDEN_CHARACTERS')
      throw new PackError('HIDDEN_CHARACTERS', message, {
        hint: 'nobody can review what nobody sees: write it as an escape, or leave the file out',
      });
    throw new PackError('CAPABILITY_UNDECLARED', message, {
      hint: `if it is meant, add to "capabilities" in ragv.json: ${json ?? '{}'}`,
    });
  }
  const notes = inspection.unread
    .slice(0, 3)
    .map(({ file, what }) => `${file} counts as code made from text: ${what}`);
  const words = wordsOf(inspection.used);
  if (stated === null && words !== '') notes.unshift(`declares what its code uses: ${words}`);
  if (!isInspected(runtime)) notes.push(sayNotInspected(runtime));
  if (!start.startsOwn && inspection.missing.length > 0) notes.push(sayMissing(inspection.missing));
  const unreached = inspection.remarks.find(({ kind }) => kind === 'unreached');
  const needs = wordsOf(inspection.unreached);
  if (unreached !== undefined && needs !== '') notes.push(sayUnreached(unreached.count, needs));
  const { texts, leftOut } = fittingTexts({ tools: new Map(), prompts: said.prompts });
  if (leftOut > 0) notes.push(tooLong(leftOut));
  return {
    capabilities: capabilitiesToJson(declared),
    ...(said.prompts.size === 0 ? {} : { texts }),
    notes,
  };
}

/** @throws PackError `DEPENDENCIES_MISSING` for what fails whenever it is started */
function refuseMissing(missing: readonly MissingModule[]): void {
  const sure = missing.filter(({ surely }) => surely);
  const [first] = sure;
  if (first === undefined) return;
  throw new PackError('DEPENDENCIES_MISSING', `${placesOf(sure)}: not in the plugin, and no module of Node`, {
    hint: /^\.\.?(?:\/|$)/.test(first.specifier)
      ? 'the file is not among those that are packed: "files" in package.json or .npmignore may leave it out'
      : 'a plugin is closed: name it in "dependencies" of package.json, so that it is bundled; an archive brings it inside ("bundledDependencies"), or is published with --bundle',
  });
}

function sayMissing(missing: readonly MissingModule[]): string {
  return `not in the plugin, and fails if it comes to that: ${placesOf(missing)}`;
}

function placesOf(missing: readonly MissingModule[]): string {
  const shown = missing.slice(0, 3).map((one) => `${placeOf(one)} ${one.what}`);
  return `${shown.join(', ')}${missing.length > 3 ? ` and ${missing.length - 3} more` : ''}`;
}

function sayNotInspected(runtime: PluginManifest['runtime']): string {
  return `code of this runtime (${runtime}) is not inspected: whatever it uses, it gets what is declared and nothing else`;
}

function wordsOf(used: readonly UsedCapability[]): string {
  const words = describeCapabilities(declarationFor(used)).map(({ text }) => text);
  return (words.length > 12 ? [...words.slice(0, 12), `and ${words.length - 12} more`] : words).join('; ');
}

/** They are not declared: what confinement does not grant they do not get, should they run after all. */
function sayUnreached(count: number, needs: string): string {
  const programs = count === 1 ? '1 program is' : `${count} programs are`;
  return `${programs} reached by nothing that is started, and not declared for: ${needs}`;
}
