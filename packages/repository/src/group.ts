import { draftOf } from './draft.ts';
import { PublishError } from './errors.ts';
import { transact, type Engine } from './transact.ts';
import type { Change, PublishResult } from './types.ts';
import type { Workspace } from './workspace.ts';

/** A publish that waits for its turn. */
export interface Waiting {
  readonly change: Change;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (result: PublishResult) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One commit for all of them. A change that throws fails alone; when the commit itself fails because of what one of them
 * brought (a file that changed meanwhile, a role without signers), each is tried by itself. Settles every one, never rejects.
 */
export async function publishGroup(
  engine: Engine,
  group: readonly Waiting[],
  mutable: (path: string) => boolean,
): Promise<void> {
  let waiting = [...group];
  const changed = new Set<Waiting>();
  const apply = async (workspace: Workspace): Promise<{ workspace: Workspace }> => {
    let current = workspace;
    for (const item of waiting) {
      const trial = current.fork();
      const { draft, end } = draftOf(trial, { storage: engine.storage, compat: engine.compat, mutable });
      try {
        item.signal?.throwIfAborted();
        await item.change(draft);
        if (trial.edits > current.edits) changed.add(item);
        else changed.delete(item);
        current = trial;
      } catch (error) {
        item.reject(error);
        waiting = waiting.filter((other) => other !== item);
      } finally {
        end();
      }
    }
    return { workspace: current };
  };
  try {
    const only = group.length === 1 ? group[0]?.signal : undefined;
    const result = await transact(engine, apply, { signal: only });
    for (const item of waiting) item.resolve({ ...result, changed: result.changed && changed.has(item) });
  } catch (error) {
    const shared =
      error instanceof PublishError && (error.code === 'CONFLICT' || error.code === 'OUTCOME_UNKNOWN');
    if (waiting.length > 1 && !shared)
      for (const item of waiting) await publishGroup(engine, [item], mutable);
    else for (const item of waiting) item.reject(error);
  }
}
