import { ConsentRequiredError, requestWords, type Host, type InstallResult } from '@ragnos/plugin';

/** Installs, and asks where somebody has to agree. `null` = the answer was no, and nothing was changed. */
export async function installAsking(
  host: Host,
  spec: string,
  ask: (question: string) => Promise<boolean>,
): Promise<InstallResult | null> {
  try {
    return await host.install(spec);
  } catch (error) {
    if (!(error instanceof ConsentRequiredError)) throw error;
    const { vendor, plugin, version, manifest } = error.request;
    const { grave, others } = requestWords(error.request, 5);
    const lines = [...grave.map((text) => `! it ${text}`), ...others.map((text) => `  it ${text}`)];
    if (!(await ask([`${vendor}/${plugin}@${version}`, ...lines].join('\n')))) return null;
    return await host.install(spec, { grant: { granted: 'all', to: manifest, by: 'host' } });
  }
}
