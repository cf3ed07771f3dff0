import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskPlace } from '@ragnos/repository';

/** The folders into which a publish writes; those that are not there are not looked at. */
export async function diskPlaces(folder: string): Promise<readonly DiskPlace[]> {
  const places: DiskPlace[] = [];
  for (const path of [join(folder, 'public'), join(folder, 'staging')]) {
    const disk = await statfs(path).catch(() => null);
    if (disk === null) continue;
    const writable = await access(path, constants.W_OK).then(
      () => 'yes' as const,
      (error: unknown) =>
        error instanceof Error && 'code' in error && error.code === 'EROFS'
          ? ('readOnly' as const)
          : ('no' as const),
    );
    places.push({ path, writable, free: disk.bavail * disk.bsize });
  }
  return places;
}
