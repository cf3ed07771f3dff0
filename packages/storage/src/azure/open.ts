import type { OpenStorageOptions } from '../open.ts';
import { objectStorage } from '../object/storage.ts';
import type { Storage } from '../storage.ts';
import { azureDialect } from './dialect.ts';
import { azureSettings, type AzureAddress } from './settings.ts';
import { azureSign } from './sign.ts';

export function openAzure(address: AzureAddress, options: OpenStorageOptions): Storage {
  const env = options.env ?? process.env;
  const settings = azureSettings(address);
  const { limits, retry, onRequest } = options;
  return objectStorage(azureDialect(settings), azureSign(settings, env), { env, limits, retry, onRequest });
}
