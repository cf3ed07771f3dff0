import { putOnce, StorageError, type CallOptions, type Storage } from '@ragnos/storage';
import { readChain, wholeTiles } from './chain.ts';
import { LogError, unlessWrong } from './errors.ts';
import { headOfLines } from './export.ts';
import { emptyFrontier } from './frontier.ts';
import { sameTree, type LogHead } from './head.ts';
import { headKey, placeOf } from './keys.ts';
import { tileWidth } from './limits.ts';
import { logMeta } from './object-meta.ts';
import { encodeSegment, newSegment } from './segment.ts';
import { writeTile, type Put } from './settle.ts';
import { Tiles } from './tiles.ts';

/** See `AuditLog.restore`. */
export async function restoreLog(
  storage: Storage,
  head: LogHead,
  lines: () => AsyncIterable<string>,
  call: CallOptions,
): Promise<void> {
  const found = await headOfLines(lines());
  if (!sameTree(found, head))
    throw new LogError('LOG_ALTERED', `these ${found.size} lines are not the log of ${head.size} entries`);
  if (head.size === 0) return;
  const put = replacing(storage, call);
  const place = placeOf(storage, head);
  const settled = wholeTiles(head.size - 1); // the head object holds at least one entry
  let edge = emptyFrontier;
  let block: string[] = [];
  for await (const line of lines()) {
    block.push(line);
    if (block.length < tileWidth || edge.size >= settled) continue;
    edge = await writeTile(new Tiles(place, edge, call), edge, block, put);
    block = [];
  }
  if ((await unlessWrong(() => readChain(storage, head, call))) !== null) return;
  await put(headKey(head), encodeSegment(newSegment(edge, block)));
}

/** What is written was proven to be right; what stands in its way is not. */
function replacing(storage: Storage, call: CallOptions): Put {
  return async (key, bytes) => {
    try {
      await putOnce(storage, key, bytes, logMeta(key), call);
    } catch (error) {
      if (!(error instanceof StorageError) || error.code !== 'STORAGE_CONFLICT') throw error;
      await storage.delete(key, call);
      await putOnce(storage, key, bytes, logMeta(key), call);
    }
  };
}
