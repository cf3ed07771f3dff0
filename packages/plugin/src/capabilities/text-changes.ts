import type { PluginManifest } from '../formats/manifest.ts';
import { parseCapabilities } from './capabilities.ts';

/** A tool or prompt that says something else to a model than in the version before. */
export interface TextChange {
  readonly sort: 'tool' | 'prompt';
  readonly name: string;
  readonly change: 'added' | 'changed' | 'removed';
  /** As signed: canonical JSON. `null` = there was none, or the manifest holds its digest alone. */
  readonly before: string | null;
  readonly after: string | null;
}

type Said = Pick<PluginManifest, 'capabilities' | 'texts'>;

/** `before` null: there is no version before, and all of it is new. In order of names, what changed first. */
export function textChanges(before: Said | null, after: Said): readonly TextChange[] {
  const old = before === null ? null : parseCapabilities(before.capabilities);
  const now = parseCapabilities(after.capabilities);
  const found = (['tools', 'prompts'] as const).flatMap((sort): readonly TextChange[] => {
    const known = old?.[sort] ?? new Map<string, string>();
    const names = [...new Set([...known.keys(), ...now[sort].keys()])].toSorted();
    return names.flatMap((name): readonly TextChange[] => {
      const [was, is] = [known.get(name), now[sort].get(name)];
      if (was === is) return [];
      return [
        {
          sort: sort === 'tools' ? 'tool' : 'prompt',
          name,
          change: was === undefined ? 'added' : is === undefined ? 'removed' : 'changed',
          before: before?.texts?.[sort].get(name) ?? null,
          after: after.texts?.[sort].get(name) ?? null,
        },
      ];
    });
  });
  return (['changed', 'added', 'removed'] as const).flatMap((kind) =>
    found.filter(({ change }) => change === kind),
  );
}
