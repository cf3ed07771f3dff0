export { openSigner, signerSchemes, type OpenSignerOptions, type SignerDriver } from './open-signer.ts';
export { verifiedSigner, type RawSigner, type Signer, type SignOptions } from './signer.ts';
export {
  changePassword,
  generateKeyFile,
  type ChangePasswordOptions,
  type GenerateKeyFileOptions,
  type KeyFileType,
  type ScryptCost,
} from './file/key-file.ts';
export {
  fixedPassword,
  Password,
  passwordSource,
  type PasswordRequest,
  type PasswordSource,
  type PasswordSourceOptions,
} from './password.ts';
export { SigningError, signingErrors, type SigningErrorCode } from './errors.ts';

// Left out on purpose: the DER and PKCS#8 writers, and each driver by itself (openSigner loads it by scheme).
