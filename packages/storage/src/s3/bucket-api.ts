import type { BucketOptions } from '../bucket.ts';
import { StorageError } from '../errors.ts';
import { HttpClient, type HttpAnswer } from '../http/client.ts';
import type { Draft, Payload } from '../object/dialect.ts';
import { payloadOfBytes } from '../object/payload.ts';
import { defaultRetryPolicy, NotNow, repeated } from '../object/retry.ts';
import { probeConditionalWrites } from '../probe.ts';
import type { BucketAddress } from '../uri.ts';
import { parseXml, xmlText } from '../xml.ts';
import { namespace, type Setting } from './bucket-settings.ts';
import { awsCredentials } from './credentials.ts';
import { digestHeaders } from './dialect.ts';
import { openS3, signerFor } from './open.ts';
import { s3Error, s3Refusal } from './refusal.ts';
import { s3Settings, type S3Settings } from './settings.ts';

export type SettingState = 'ok' | 'missing' | 'unsupported' | 'unknown';

/** One bucket's own requests, below its settings. */
export class BucketApi {
  readonly #address: BucketAddress;
  readonly #options: BucketOptions;
  readonly #client: HttpClient;
  readonly #sign: ReturnType<typeof signerFor>;
  readonly settings: S3Settings;

  constructor(address: BucketAddress, options: BucketOptions) {
    const env = options.env ?? process.env;
    this.#address = address;
    this.#options = options;
    this.settings = s3Settings(address, env);
    this.#client = new HttpClient({ env, onRequest: options.onRequest });
    this.#sign = signerFor(this.settings, awsCredentials(env));
  }

  async exists(): Promise<boolean> {
    const answer = await this.ask({ method: 'HEAD', path: this.path });
    if (answer.status === 200 || answer.status === 404) return answer.status === 200;
    throw await this.error(answer);
  }

  /** `false`: we may not. */
  async make(withLock: boolean): Promise<boolean> {
    const { region } = this.settings;
    const document = `<CreateBucketConfiguration ${namespace}><LocationConstraint>${region}</LocationConstraint></CreateBucketConfiguration>`;
    const { payload, headers } =
      region === 'us-east-1' ? xmlPayload(this.settings, '') : xmlPayload(this.settings, document);
    const lock = withLock ? { 'x-amz-bucket-object-lock-enabled': 'true' } : {};
    const answer = await this.ask({
      method: 'PUT',
      path: this.path,
      headers: { ...headers, ...lock },
      payload,
    });
    if (answer.status === 200) return true;
    if (answer.status === 403) return false;
    throw await this.error(answer);
  }

  /** `null`: exactly one of several writers wins; otherwise what went wrong. */
  async conditionalWrites(): Promise<string | null> {
    const parameters = new Map(this.#address.parameters);
    for (const name of ['lock', 'lock-days']) parameters.delete(name); // nothing of the probe is to be kept for years
    try {
      return await probeConditionalWrites(
        openS3({ ...this.#address, parameters }, this.#options),
        this.#options,
      );
    } catch (error) {
      if (error instanceof StorageError && error.code === 'STORAGE_DENIED') return error.message;
      throw error;
    }
  }

  async state({ name, good }: Setting): Promise<SettingState> {
    const answer = await this.ask({ method: 'GET', path: this.path, query: [[name, '']] });
    if (answer.status === 200) {
      const root = parseXml(answer.bytes);
      return root !== null && good(root) ? 'ok' : 'missing';
    }
    if (answer.status === 403) return 'unknown';
    if (isUnsupported(answer)) return 'unsupported';
    if (answer.status === 404 || answer.status === 400 || answer.status === 409) return 'missing';
    throw await this.error(answer);
  }

  /** Resolves with the state it is in afterwards. */
  async mend(setting: Setting): Promise<SettingState> {
    if (setting.document === null) return 'missing';
    const query = [[setting.name, '']] as const;
    const answer = await this.ask({
      method: 'PUT',
      path: this.path,
      query,
      ...xmlPayload(this.settings, setting.document),
    });
    if (answer.status >= 200 && answer.status < 300) return this.state(setting);
    return answer.status === 400 || isUnsupported(answer) ? 'unsupported' : 'missing';
  }

  async takeBack({ name }: Setting): Promise<void> {
    await this.ask({ method: 'DELETE', path: this.path, query: [[name, '']] });
  }

  /** With every version of everything in it; for a bucket of our own making with a handful of objects. */
  async remove(): Promise<void> {
    const answer = await this.ask({ method: 'GET', path: this.path, query: [['versions', '']] });
    const { base } = this.settings;
    for (const entry of parseXml(answer.bytes)?.children ?? []) {
      if (entry.name !== 'Version' && entry.name !== 'DeleteMarker') continue;
      const version = xmlText(entry, 'VersionId') ?? 'null';
      const path = `${base}/${xmlText(entry, 'Key') ?? ''}`;
      await this.ask({ method: 'DELETE', path, query: [['versionId', version]] });
    }
    await this.ask({ method: 'DELETE', path: this.path });
  }

  get path(): string {
    return this.settings.base || '/';
  }

  command(rest: string): string {
    const endpoint = this.#address.parameters.get('endpoint');
    const where = endpoint === undefined ? '' : ` --endpoint-url ${endpoint}`;
    return `aws s3api ${rest} --region ${this.settings.region}${where}`;
  }

  ask(draft: Draft): Promise<HttpAnswer> {
    const { signal } = this.#options;
    return repeated(defaultRetryPolicy, this.settings.description, signal, async () => {
      const answer = await this.#client.exchange(await this.#sign(draft), signal);
      const { status } = answer;
      if (status === 429 || (status >= 500 && status !== 501)) throw new NotNow(`status ${status}`);
      return answer;
    });
  }

  async error(answer: HttpAnswer): Promise<Error> {
    const refusal = await s3Refusal({
      answer,
      draft: { method: 'GET', path: this.path },
      condition: undefined,
      settings: this.settings,
      bucketExists: () => Promise.resolve(),
    });
    if (refusal.kind === 'failed') return refusal.error;
    return new StorageError('STORAGE_UNAVAILABLE', `${this.settings.description}: status ${answer.status}`);
  }
}

function isUnsupported(answer: HttpAnswer): boolean {
  const { code } = s3Error(answer);
  return (
    answer.status === 405 || answer.status === 501 || code === 'NotImplemented' || code === 'MethodNotAllowed'
  );
}

function xmlPayload(
  settings: S3Settings,
  document: string,
): { readonly payload: Payload; readonly headers: Readonly<Record<string, string>> } {
  const payload = payloadOfBytes(Buffer.from(document));
  const type = document === '' ? {} : { 'content-type': 'application/xml' };
  return { payload, headers: { ...digestHeaders(settings, payload), ...type } };
}
