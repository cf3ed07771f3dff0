import type { BucketCheck, BucketFinding, BucketOptions } from '../bucket.ts';
import { StorageError } from '../errors.ts';
import { HttpClient, type HttpAnswer } from '../http/client.ts';
import type { Draft, Payload } from '../object/dialect.ts';
import { payloadOfBytes } from '../object/payload.ts';
import { defaultRetryPolicy, NotNow, repeated } from '../object/retry.ts';
import { probeConditionalWrites } from '../probe.ts';
import type { BucketAddress } from '../uri.ts';
import { parseXml, xmlText, type XmlElement } from '../xml.ts';
import { awsCredentials } from './credentials.ts';
import { openS3, signerFor } from './open.ts';
import { s3Error, s3Refusal } from './refusal.ts';
import { s3Settings, type S3Settings } from './settings.ts';

const namespace = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
const blocks = ['BlockPublicAcls', 'IgnorePublicAcls', 'BlockPublicPolicy', 'RestrictPublicBuckets'];

/** A setting that S3 keeps as a document of its own below the bucket. */
interface Setting {
  readonly check: BucketCheck;
  readonly name: string;
  readonly required: boolean;
  /** Whether the document says what it should. */
  readonly good: (root: XmlElement) => boolean;
  readonly want: string;
  readonly advice: string;
  /** What `aws s3api` is to be told. */
  readonly command: string;
  /** `null`: cannot be had in a bucket that is there already. */
  readonly document: string | null;
}

/** See `checkBucket` and `prepareBucket`. */
export async function inspectS3(
  address: BucketAddress,
  options: BucketOptions,
  mend: boolean,
): Promise<readonly BucketFinding[]> {
  const bucket = new S3Bucket(address, options);
  const findings = [await bucket.exists(mend)];
  if (findings[0]?.state === 'missing') return findings;
  for (const setting of bucket.settings()) findings.push(await bucket.look(setting, mend));
  // Last, since a store may treat conditions in another way once it keeps versions.
  findings.splice(1, 0, await bucket.conditionalWrites());
  return findings;
}

class S3Bucket {
  readonly #address: BucketAddress;
  readonly #options: BucketOptions;
  readonly #settings: S3Settings;
  readonly #lockWanted: boolean;
  readonly #client: HttpClient;
  readonly #sign: ReturnType<typeof signerFor>;

  constructor(address: BucketAddress, options: BucketOptions) {
    const env = options.env ?? process.env;
    this.#address = address;
    this.#options = options;
    this.#settings = s3Settings(address, env);
    this.#lockWanted = options.objectLock ?? this.#settings.lock !== null;
    this.#client = new HttpClient({ env, onRequest: options.onRequest });
    this.#sign = signerFor(this.#settings, awsCredentials(env));
  }

  async exists(mend: boolean): Promise<BucketFinding> {
    const { bucket, region } = this.#settings;
    const finding = { check: 'exists', required: true } as const;
    const answer = await this.#ask({ method: 'HEAD', path: this.#path });
    if (answer.status === 200) return { ...finding, state: 'ok', message: `${bucket} is there` };
    if (answer.status !== 404) throw await this.#error(answer);
    const lock = this.#lockWanted ? ' --object-lock-enabled-for-bucket' : '';
    const where = region === 'us-east-1' ? '' : ` --create-bucket-configuration LocationConstraint=${region}`;
    const run = this.#command(`create-bucket --bucket ${bucket}${where}${lock}`);
    if (!mend) return { ...finding, state: 'missing', message: `there is no bucket ${bucket}`, run };
    const document = `<CreateBucketConfiguration ${namespace}><LocationConstraint>${region}</LocationConstraint></CreateBucketConfiguration>`;
    const made = await this.#ask({
      method: 'PUT',
      path: this.#path,
      headers: this.#lockWanted ? { 'x-amz-bucket-object-lock-enabled': 'true' } : {},
      ...(region === 'us-east-1' ? { payload: payloadOfBytes(new Uint8Array(0)) } : xmlPayload(document)),
    });
    if (made.status === 200) return { ...finding, state: 'mended', message: `${bucket} was made` };
    if (made.status === 403)
      return {
        ...finding,
        state: 'missing',
        message: `there is no bucket ${bucket}, and we may not make it`,
        run,
      };
    throw await this.#error(made);
  }

  async conditionalWrites(): Promise<BucketFinding> {
    const { lock: _lock, ...rest } = Object.fromEntries(this.#address.parameters);
    const parameters = new Map(Object.entries(rest).filter(([name]) => name !== 'lock-days'));
    const storage = openS3({ ...this.#address, parameters }, this.#options); // nothing of the probe is to be kept for years
    const problem = await probeConditionalWrites(storage, this.#options);
    const message = problem ?? 'of several writers exactly one wins';
    return {
      check: 'conditional-writes',
      required: true,
      state: problem === null ? 'ok' : 'missing',
      message:
        problem === null
          ? message
          : `${message}: this store cannot hold a repository that more than one process writes`,
    };
  }

  settings(): readonly Setting[] {
    const { bucket, encryption } = this.#settings;
    const algorithm = encryption?.algorithm ?? 'AES256';
    const key =
      encryption?.kmsKey === undefined ? '' : `<KMSMasterKeyID>${encryption.kmsKey}</KMSMasterKeyID>`;
    return [
      {
        check: 'versioning',
        name: 'versioning',
        required: this.#lockWanted,
        good: (root) => xmlText(root, 'Status') === 'Enabled',
        want: 'versions are kept',
        advice: 'without versions, what is overwritten or deleted is gone',
        command: `put-bucket-versioning --bucket ${bucket} --versioning-configuration Status=Enabled`,
        document: `<VersioningConfiguration ${namespace}><Status>Enabled</Status></VersioningConfiguration>`,
      },
      {
        check: 'object-lock',
        name: 'object-lock',
        required: this.#lockWanted,
        good: (root) => xmlText(root, 'ObjectLockEnabled') === 'Enabled',
        want: 'Object Lock is on',
        advice: "without Object Lock, whoever holds the door's credentials can remove what was published",
        command: `put-object-lock-configuration --bucket ${bucket} --object-lock-configuration ObjectLockEnabled=Enabled`,
        document: null,
      },
      {
        check: 'encryption',
        name: 'encryption',
        required: encryption !== null,
        good: (root) => /^(?:AES256|aws:kms(?::dsse)?)$/.test(encryptionOf(root)),
        want: 'objects are encrypted',
        advice: 'objects lie unencrypted',
        command:
          `put-bucket-encryption --bucket ${bucket} --server-side-encryption-configuration ` +
          `'{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"${algorithm}"}}]}'`,
        document: `<ServerSideEncryptionConfiguration ${namespace}><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>${algorithm}</SSEAlgorithm>${key}</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`,
      },
      {
        check: 'public-access',
        name: 'publicAccessBlock',
        required: false,
        good: (root) => blocks.every((name) => xmlText(root, name) === 'true'),
        want: 'public access is blocked',
        advice: 'a mistaken policy could open the bucket to everybody; serve it through a CDN or ragv serve',
        command:
          `put-public-access-block --bucket ${bucket} --public-access-block-configuration ` +
          blocks.map((name) => `${name}=true`).join(','),
        document: `<PublicAccessBlockConfiguration ${namespace}>${blocks.map((name) => `<${name}>true</${name}>`).join('')}</PublicAccessBlockConfiguration>`,
      },
    ];
  }

  async look(setting: Setting, mend: boolean): Promise<BucketFinding> {
    const { check, required, name, want, advice, document } = setting;
    const draft = { path: this.#path, query: [[name, '']] } as const;
    const now = await this.#state({ ...draft, method: 'GET' }, setting);
    const run = this.#command(setting.command);
    if (now === 'ok') return { check, required, state: now, message: want };
    if (now === 'unsupported')
      return { check, required, state: now, message: `the store does not know this setting: ${advice}` };
    if (now === 'unknown') return { check, required, state: now, message: `we may not look: ${advice}`, run };
    if (mend && document !== null) {
      const answer = await this.#ask({ ...draft, method: 'PUT', ...xmlPayload(document) });
      if (answer.status >= 200 && answer.status < 300)
        if ((await this.#state({ ...draft, method: 'GET' }, setting)) === 'ok')
          return { check, required, state: 'mended', message: want };
      if (isUnsupported(answer))
        return {
          check,
          required,
          state: 'unsupported',
          message: `the store does not know this setting: ${advice}`,
        };
    }
    return { check, required, state: 'missing', message: advice, run };
  }

  async #state(draft: Draft, { good }: Setting): Promise<'ok' | 'missing' | 'unsupported' | 'unknown'> {
    const answer = await this.#ask(draft);
    if (answer.status === 200) {
      const root = parseXml(answer.bytes);
      return root !== null && good(root) ? 'ok' : 'missing';
    }
    if (answer.status === 403) return 'unknown';
    if (isUnsupported(answer)) return 'unsupported';
    if (answer.status === 404 || answer.status === 400 || answer.status === 409) return 'missing';
    throw await this.#error(answer);
  }

  get #path(): string {
    return this.#settings.base || '/';
  }

  #command(rest: string): string {
    const { parameters } = this.#address;
    const endpoint = parameters.get('endpoint');
    const where = endpoint === undefined ? '' : ` --endpoint-url ${endpoint}`;
    return `aws s3api ${rest} --region ${this.#settings.region}${where}`;
  }

  #ask(draft: Draft): Promise<HttpAnswer> {
    const { signal } = this.#options;
    return repeated(defaultRetryPolicy, this.#settings.description, signal, async () => {
      const answer = await this.#client.exchange(await this.#sign(draft), signal);
      const { status } = answer;
      if (status === 429 || (status >= 500 && status !== 501)) throw new NotNow(`status ${status}`);
      return answer;
    });
  }

  async #error(answer: HttpAnswer): Promise<Error> {
    const refusal = await s3Refusal({
      answer,
      draft: { method: 'GET', path: this.#path },
      condition: undefined,
      settings: this.#settings,
      bucketExists: () => Promise.resolve(),
    });
    if (refusal.kind === 'failed') return refusal.error;
    return new StorageError('STORAGE_UNAVAILABLE', `${this.#settings.description}: status ${answer.status}`);
  }
}

function encryptionOf(root: XmlElement): string {
  return xmlText(root, 'Rule', 'ApplyServerSideEncryptionByDefault', 'SSEAlgorithm') ?? '';
}

function isUnsupported(answer: HttpAnswer): boolean {
  const { code } = s3Error(answer);
  return (
    answer.status === 405 || answer.status === 501 || code === 'NotImplemented' || code === 'MethodNotAllowed'
  );
}

function xmlPayload(document: string): {
  readonly payload: Payload;
  readonly headers: Record<string, string>;
} {
  const payload = payloadOfBytes(Buffer.from(document));
  return {
    payload,
    headers: {
      'content-type': 'application/xml',
      'content-length': String(payload.length),
      'content-md5': payload.md5,
      'x-amz-checksum-sha256': Buffer.from(payload.sha256, 'hex').toString('base64'),
    },
  };
}
