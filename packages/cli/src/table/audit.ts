import type { CommandSpec } from '../command.ts';

/** The audit log beside the repository. `ragv log` without a word is the host's own. */
export const auditCommands: readonly CommandSpec[] = [
  {
    words: ['log', 'show'],
    args: '',
    summary: 'operator: who signed and refused what in this repository, and what is unusual',
    audience: 'operator',
    writes: false,
    options: [['--last <number>', 'how many (default: 20)']],
    examples: ['ragv log show', 'ragv log show --last 100 --json'],
    load: () => import('../commands/audit-show.ts'),
  },
  {
    words: ['log', 'verify'],
    args: '',
    summary: 'operator: compute the audit log again, up to the head that the timestamp signs',
    audience: 'operator',
    writes: false,
    options: [
      ['--since <head>', '<size>:<root>[:<restarts>] as noted earlier: the log must continue it'],
      ['--file <file>', 'judge an export instead of what is stored'],
    ],
    examples: ['ragv log verify', 'ragv log verify --file audit.jsonl'],
    load: () => import('../commands/audit-verify.ts'),
  },
  {
    words: ['log', 'export'],
    args: '',
    summary: 'operator: the audit log as JSON lines',
    audience: 'operator',
    writes: false,
    options: [],
    examples: ['ragv log export > audit.jsonl'],
    load: () => import('../commands/audit-export.ts'),
  },
  {
    words: ['log', 'restore'],
    args: '<export.jsonl>',
    summary: 'operator: put a log that was lost or altered back, from an export and what the store still has',
    audience: 'operator',
    writes: true,
    options: [],
    examples: ['ragv log restore audit.jsonl --dry-run', 'ragv log restore audit.jsonl'],
    load: () => import('../commands/audit-restore.ts'),
  },
  {
    words: ['log', 'restart'],
    args: '',
    summary: 'operator: give up an audit log that is lost, with the keys of root, and begin the next one',
    audience: 'operator',
    writes: true,
    options: [
      ['--reason <text>', 'why it is lost: for everybody, and for ever'],
      ['--deadline <days>', 'if root keys are elsewhere: after it nobody signs any more (default: 14)'],
      ['--yes', 'do not ask for the word restart'],
      ['--again', 'although a key signed another content under the same version before'],
    ],
    examples: [
      "ragv log restart --reason 'the disk died, and there was no export' --dry-run",
      "ragv log restart --reason 'the disk died, and there was no export'",
    ],
    load: () => import('../commands/audit-restart.ts'),
  },
];
