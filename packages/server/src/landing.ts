import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { read, storageKey, type Storage } from '@ragnos/storage';

const style =
  'body{font:16px/1.6 system-ui,sans-serif;max-width:44rem;margin:4rem auto;padding:0 1rem;color:#222;background:#fff}' +
  'pre{background:#f3f3f3;padding:1rem;overflow:auto}@media(prefers-color-scheme:dark){body{color:#ddd;background:#1b1b1b}pre{background:#2a2a2a}}';
const styleHash = createHash('sha256').update(style).digest('base64');

/** `null`: there is no first root, so no repository to speak of. */
async function firstRootFingerprint(storage: Storage): Promise<string | null> {
  const found = await read(storage, storageKey('metadata/1.root.json'), { maxLength: 1_000_000 });
  return found === null ? null : createHash('sha256').update(found.bytes).digest('hex');
}

/** Says in plain words what this is. Holds nothing that came with the request: its own address is not repeated from `Host`. */
export async function answerLanding(
  request: IncomingMessage,
  response: ServerResponse,
  storage: Storage,
  url: string,
): Promise<void> {
  const fingerprint = await firstRootFingerprint(storage);
  const about =
    fingerprint === null
      ? '<p>There is no repository here yet.</p>'
      : `<p>This server offers a signed repository (TUF). Files from it can be trusted only through its root,
whose fingerprint you should get from its operators by another way:</p>
<pre>${fingerprint}</pre>
<p>On a host, with the file <code>1.root.json</code> that they gave you:</p>
<pre>ragv trust init ${url} --root 1.root.json</pre>`;
  const page = Buffer.from(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>RAGnos Vault</title><style>${style}</style>
<h1>RAGnos Vault</h1>
${about}
</html>
`);
  response.setHeader(
    'Content-Security-Policy',
    `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox`,
  );
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Content-Length', page.length);
  response.writeHead(200).end(request.method === 'HEAD' ? undefined : page);
}
