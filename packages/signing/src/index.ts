export { openSigner, signerSchemes, type OpenSignerOptions, type SignerDriver } from './open-signer.ts';
export { verifiedSigner, type RawSigner, type Signer, type SignOptions } from './signer.ts';
export {
  changePassword,
  generateKeyFile,
  generateSigner,
  keyFileTypes,
  type ChangePasswordOptions,
  type GenerateKeyFileOptions,
  type KeyFileType,
} from './file/key-file.ts';
export { defaultScrypt, type ScryptCost } from './file/pkcs8.ts';
export { fixedPassword, Password, type PasswordRequest, type PasswordSource } from './password/password.ts';
export { passwordSource, passwordVariables, type PasswordSourceOptions } from './password/source.ts';
export { SigningError, signingErrors, type SigningErrorCode } from './errors.ts';

// Left out on purpose: the DER and PKCS#8 writers, and each driver by itself (openSigner loads it by scheme).
