import type { Context } from '../command.ts';
import { bytes, table } from '../text.ts';
import { openVault } from '../vault/vault.ts';

export async function run(context: Context): Promise<undefined> {
  const { voice, signal } = context;
  const role = context.args[0] ?? 'targets';
  const vault = await openVault(context);
  try {
    const files = await vault.repository.inspect(async (draft) => draft.list(role), { signal });
    const rows = [...files].map(([path, file]) => ({
      path,
      length: file.length,
      sha256: file.hashes.get('sha256') ?? null,
    }));
    voice.answer(
      { role, targets: rows },
      table(
        rows.map((row) => [
          row.path,
          bytes(row.length),
          row.sha256 === null ? '' : `sha256:${row.sha256.slice(0, 16)}…`,
        ]),
      ),
    );
    if (rows.length === 0) voice.note(`the role ${role} lists no targets`);
  } finally {
    await vault.repository.close();
  }
  return;
}
