/** Every write of an install, in order. Tests kill the process, or fail the write, after each. */
export const installSteps = [
  'catalog',
  'owner',
  'index',
  'first seen',
  'journal',
  'artifact',
  'staging',
  'first file',
  'last file',
  'evidence staged',
  'tree',
  'evidence',
  'consent',
  'pointer',
  'project lock',
  'pruned',
  'journal removed',
] as const;

export type InstallStep = (typeof installSteps)[number];
