import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { filePath, type VerifiedArtifact } from '@ragnos/plugin';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { hostFor } from '../host.ts';
import { changedFiles, pip, siteOf } from '../pip.ts';
import { count } from '../text.ts';

/** All wheels are verified before the first is handed over, and what pip made of each is compared with its signed manifest. */
export async function run(context: Context): Promise<undefined> {
  const { voice, options, signal, dryRun } = context;
  const host = await hostFor(context);
  const wheels: (VerifiedArtifact & { readonly spec: string })[] = [];
  for (const spec of context.args) {
    const found = await host.artifact(spec, { signal });
    if (found.manifest.source.type !== 'wheel')
      throw new CliError('USAGE', `${spec} is no Python wheel`, { hint: `start it with: ragv run ${spec}` });
    wheels.push({ ...found, spec });
  }
  const python = options.text('python') ?? pythonHere();
  const target = options.text('target');
  const into = target === undefined ? null : resolve(target);
  const work = await mkdtemp(join(tmpdir(), 'ragv-pip-'));
  const answers = [];
  try {
    for (const { spec, manifest, bytes } of wheels) {
      const { originalName, sha256 } = manifest.artifact;
      if (!dryRun) {
        const file = join(work, filePath(originalName));
        await writeFile(file, bytes, { flag: 'wx', mode: 0o600 });
        await pip(python, file, into, signal);
        const site = into ?? (await siteOf(python, manifest.source.name.replace(/@.*$/, ''), signal));
        const changed = await changedFiles(site, manifest);
        if (changed.length > 0)
          throw new CliError(
            'PIP_CHANGED',
            `${spec}: ${count(changed.length, 'file')} in ${site} are not as signed: ${changed[0]}`,
            {
              hint: 'another package has files of the same names, or somebody changed them; take it out with pip uninstall',
            },
          );
      }
      answers.push({
        spec,
        version: manifest.version,
        wheel: originalName,
        sha256,
        python,
        target: into,
        dryRun,
      });
    }
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  voice.answer(
    answers,
    answers.map(
      ({ spec, wheel }) =>
        `${dryRun ? 'would hand' : 'handed'} ${wheel} of ${spec} to pip of ${python}${into === null ? '' : `, into ${into}`}`,
    ),
  );
  return;
}

function pythonHere(): string {
  const active = process.env['VIRTUAL_ENV'];
  if (active === undefined || active === '') return process.platform === 'win32' ? 'python' : 'python3';
  return process.platform === 'win32' ? join(active, 'Scripts', 'python.exe') : join(active, 'bin', 'python');
}
