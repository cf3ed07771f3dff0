/** What became of a new key when the rotation that it was made for failed. */
export type Fate = 'removed' | 'kept';

/**
 * A rotation may fail, or be interrupted, after the metadata that names the new key was published. Then its file is the
 * only thing that can sign for the role: it is removed only when the repository was read and does not name it.
 */
export async function settleNewKey(
  keyId: string,
  error: unknown,
  rotation: {
    /** The key ids that the live metadata names. */
    readonly named: () => Promise<ReadonlySet<string>>;
    readonly remove: () => Promise<void>;
  },
): Promise<Fate> {
  const unknown = error instanceof Error && 'code' in error && error.code === 'OUTCOME_UNKNOWN';
  if (unknown) return 'kept';
  const named = await rotation.named().catch(() => null);
  if (named === null || named.has(keyId)) return 'kept';
  await rotation.remove();
  return 'removed';
}
