export { PowerCutError, RecordingFileSystem } from './recording-file-system.ts';
export type { Survives } from './recording-file-system.ts';
