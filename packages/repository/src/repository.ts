import type { Signer } from '@ragnos/signing';
import type {
  CallOptions,
  Change,
  EditRolesOptions,
  PublishResult,
  RefreshOptions,
  RefreshResult,
  RepositoryOptions,
  RepositoryStatus,
  RoleEdit,
  RotateResult,
} from './types.ts';

const unbuilt = (): never => {
  throw new Error('not built yet');
};

export class Repository {
  readonly options: RepositoryOptions;

  private constructor(options: RepositoryOptions) {
    this.options = options;
  }

  static open(options: RepositoryOptions, _call: CallOptions = {}): Promise<Repository> {
    return Promise.resolve(new Repository(options));
  }

  publish(_change: Change, _options: CallOptions = {}): Promise<PublishResult> {
    return unbuilt();
  }

  /** A draft that is thrown away: for looking, and for `--dry-run`. Resolves with what the change returned. */
  inspect<T>(
    _look: (draft: import('./types.ts').Draft) => Promise<T>,
    _options: CallOptions = {},
  ): Promise<T> {
    return unbuilt();
  }

  refresh(_options: RefreshOptions = {}): Promise<RefreshResult> {
    return unbuilt();
  }

  status(_options: CallOptions = {}): Promise<RepositoryStatus> {
    return unbuilt();
  }

  editRoles(_edits: readonly RoleEdit[], _options: EditRolesOptions = {}): Promise<PublishResult> {
    return unbuilt();
  }

  rotateKey(
    _role: string,
    _newSigner: Signer,
    _oldSigner: Signer,
    _options: CallOptions = {},
  ): Promise<RotateResult> {
    return unbuilt();
  }

  /** Waits for publishes in flight, gives back the journal. */
  close(): Promise<void> {
    return unbuilt();
  }
}
