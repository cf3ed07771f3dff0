import type { ArchiveLimits } from '../archive/limits.ts';
import type { PluginManifest } from '../formats/manifest.ts';
import type { VendorName } from '../names.ts';

export interface PackOptions {
  /** Without it ragv.json must name the vendor; where both do, they must agree. */
  readonly vendor?: VendorName | undefined;
  /** An existing folder that receives the artifact and, where one is written for review, the lockfile. */
  readonly output: string;
  /** The plugin's name; without it that of ragv.json, or the package's, of a scoped one the last part. */
  readonly name?: string | undefined;
  /** Put the production dependencies inside, for an npm package or a tarball (a folder gets them anyway). */
  readonly bundle?: boolean | undefined;
  /** A package-lock.json that says which versions are bundled; without it the source's own, or a new one for review. */
  readonly lockfile?: string | undefined;
  /** `linux-x64` and the like: take optional dependencies made for that system. Without it there are none. */
  readonly target?: string | undefined;
  readonly limits?: ArchiveLimits | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with one line before each step that takes time. */
  readonly onProgress?: ((step: string) => void) | undefined;
}

/** A plugin as it will be published. */
export interface Packed {
  readonly manifest: PluginManifest;
  readonly manifestBytes: Uint8Array;
  /** In the folder `output`; its length and sha256 are `manifest.artifact`'s. */
  readonly artifactFile: string;
  readonly keywords: readonly string[];
  /** Its author wrote in ragv.json what its tools and prompts are: no server is asked. */
  readonly textsStated: boolean;
  /** The lockfile that was written for review; null where one was there, or none was needed. */
  readonly lockfileWritten: string | null;
  /** What somebody should know, a line each: what was bundled, scripts that will not run. */
  readonly notes: readonly string[];
}
