import { StorageError } from '../errors.ts';
import type { Environment } from '../open.ts';
import { memberOf, optionalPackage } from '../optional.ts';
import type { AwsCredentials } from './sigv4.ts';

export type CredentialSource = () => Promise<AwsCredentials>;

const packageName = '@aws-sdk/credential-provider-node';
const renewBeforeMs = 5 * 60_000;

/**
 * The environment's own pair first; else whatever the AWS SDK finds (profiles, SSO, web identity, instance and container
 * roles), asked when first needed and again before it expires.
 */
export function awsCredentials(env: Environment): CredentialSource {
  const fixed = fromEnvironment(env);
  if (fixed !== null) return () => Promise.resolve(fixed);
  let held: Promise<{ readonly credentials: AwsCredentials; readonly until: number }> | null = null;
  return async () => {
    held ??= fromSdk();
    try {
      const { credentials, until } = await held;
      if (until > Date.now()) return credentials;
      held = fromSdk();
      return (await held).credentials;
    } catch (error) {
      held = null; // the next call may find what was not there yet
      throw error;
    }
  };
}

function fromEnvironment(env: Environment): AwsCredentials | null {
  const accessKeyId = env['AWS_ACCESS_KEY_ID'] ?? '';
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY'] ?? '';
  if ((accessKeyId === '') !== (secretAccessKey === ''))
    throw new StorageError(
      'STORAGE_DENIED',
      'only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set',
    );
  if (accessKeyId === '') return null;
  const sessionToken = env['AWS_SESSION_TOKEN'];
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}

async function fromSdk(): Promise<{ readonly credentials: AwsCredentials; readonly until: number }> {
  const sdk = optionalPackage(
    packageName,
    'finding AWS credentials outside the environment',
    'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  );
  const provider = memberOf(sdk, 'defaultProvider');
  if (!isFunction(provider))
    throw new StorageError('STORAGE_PACKAGE_MISSING', `${packageName} has no defaultProvider`);
  const find: unknown = provider();
  let found: unknown;
  try {
    found = isFunction(find) ? await find() : undefined;
  } catch (error) {
    throw new StorageError('STORAGE_DENIED', 'no AWS credentials were found', {
      hint: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run with a role',
      cause: error,
    });
  }
  const accessKeyId = memberOf(found, 'accessKeyId');
  const secretAccessKey = memberOf(found, 'secretAccessKey');
  const sessionToken = memberOf(found, 'sessionToken');
  const expiration = memberOf(found, 'expiration');
  if (typeof accessKeyId !== 'string' || typeof secretAccessKey !== 'string')
    throw new StorageError('STORAGE_DENIED', `${packageName} found credentials of an unknown kind`);
  return {
    credentials: {
      accessKeyId,
      secretAccessKey,
      ...(typeof sessionToken === 'string' ? { sessionToken } : {}),
    },
    until: expiration instanceof Date ? expiration.getTime() - renewBeforeMs : Infinity,
  };
}

function isFunction(value: unknown): value is (...args: readonly unknown[]) => unknown {
  return typeof value === 'function';
}
