import type { CommandSpec } from '../command.ts';

/** The published file itself, for programs that install such files. */
export const artifactCommands: readonly CommandSpec[] = [
  {
    words: ['artifact'],
    args: '<plugin>',
    summary: 'verify an installed plugin and hand out its published file: for an editor or an AI host',
    audience: 'host',
    writes: true,
    options: [
      ['--output <folder>', 'where to write it, under its original name (default: the current folder)'],
    ],
    examples: ['ragv artifact acme/theme --output ./extensions'],
    load: () => import('../commands/artifact.ts'),
  },
  {
    words: ['pip', 'install'],
    args: '<plugin...>',
    summary: 'hand verified wheels to pip, which asks no index and installs nothing else',
    audience: 'host',
    writes: true,
    options: [
      ['--python <program>', 'the Python to install for (default: that of VIRTUAL_ENV, else python3)'],
      ['--target <folder>', 'install into this folder instead of the Python itself'],
    ],
    examples: ['ragv pip install acme/six', 'ragv pip install acme/tool --python ./venv/bin/python'],
    load: () => import('../commands/pip-install.ts'),
  },
];
