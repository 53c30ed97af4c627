/**
 * lattice as a library: metadata of branches and refs, changed by compare-and-swap alone; undo; the repository lock; what
 * happened; locks of files; and state documents, for which {@link openStateRepository} needs no repository.
 *
 * {@link openRepository} comes first. Reading is synchronous and takes no lock: `repository.refs`, `repository.objects`,
 * {@link MetadataStore}, {@link History}, {@link Journal}. Whatever changes refs is one operation, which is journaled,
 * durable when its promise is fulfilled, and can be undone: {@link transact}, `MetadataStore.writeCas`, {@link undo}.
 * Each says what it expects of what it replaces; {@link OVERWRITE} is the one way not to.
 *
 * Every error that is thrown on purpose is a {@link LatticeError} with a stable `code`.
 *
 * It runs on Bun and on Deno, and works on the same files as the `lattice` command, at the same time if need be. The
 * zod schema of the metadata document is an entry of its own (`./schema`), because loading zod takes longer than most
 * programs need for their work here.
 *
 * @example Change the metadata of a branch, unless somebody else did so meanwhile
 * ```ts
 * import { CasFailedError, MetadataStore, openRepository } from "./mod.ts";
 *
 * async function freeze(branch: string): Promise<boolean> {
 *   const store = new MetadataStore(openRepository(), { command: `freeze ${branch}` });
 *   const before = store.read(branch);
 *   if (before === undefined) return false;
 *   const now = new Date().toISOString();
 *   try {
 *     await store.writeCas(branch, before.oid, {
 *       ...before.metadata,
 *       freeze: { state: "frozen", scope: "single", reason: "under review", frozen_at: now },
 *       timestamps: { ...before.metadata.timestamps, updated_at: now },
 *     });
 *     return true;
 *   } catch (error) {
 *     if (error instanceof CasFailedError) return await freeze(branch); // read again, decide again
 *     throw error;
 *   }
 * }
 * ```
 *
 * @module
 */
export { openRepository } from "./library/open.ts";
export { type AcquireOptions, RepoLock } from "./library/repo_lock.ts";
export { transact, type TransactOptions } from "./library/transact.ts";
export type { Change, CheckRef, DeleteMetadata, DeleteRef, NewBlob, SetMetadata, SetRef } from "./library/change.ts";
export { undo } from "./library/undo.ts";
export { recover } from "./library/recover.ts";
export { History } from "./library/history.ts";
export { Journal, type JournaledOperation, JournalError, OpState, type RefSnapshot } from "./library/journal.ts";
export type { LockHolder } from "./locks/holder.ts";
export { AlreadyLockedError } from "./locks/repo_lock.ts";
export {
  type AcquiredFacts,
  type AcquireFileLockOptions,
  FileLock,
  type FileLockOptions,
  type LockObserver,
} from "./locks/file_lock.ts";
export type { BackendName } from "./locks/lock_backend.ts";
export {
  AcquisitionTimeoutError,
  CreateFailedError,
  type HeldFacts,
  InvalidLockFileError,
  LockHeldError,
  ReadFailedError,
  ReleaseFailedError,
} from "./locks/file_lock_errors.ts";

export { createSecretStore } from "./secrets/create_store.ts";
export { FileSecretStore } from "./secrets/file_store.ts";
export { KeychainSecretStore } from "./secrets/keychain_store.ts";
export { SecretDeleteError, SecretReadError, SecretWriteError } from "./secrets/errors.ts";
export type { SecretProvider, SecretStore, SecretStoreOptions } from "./secrets/secret_store.ts";
export type { Keychain } from "./platform/keychain.ts";
export { openMemoryStateRepository, openStateRepository, type StateOptions } from "./state/open.ts";
export type { SavedState, StateExpectation, StateRepository, StateSchema, StoredState } from "./state/repository.ts";
export {
  CorruptedStateFile,
  DeleteStateFailed,
  DeserializationFailed,
  DirectoryCreationFailed,
  ExpectationFailed,
  LockAcquisitionFailed,
  ReadStateFailed,
  SerializationFailed,
  StaleLockDetected,
  StateError,
  WriteStateFailed,
} from "./state/errors.ts";
export {
  Cache,
  type CachedContent,
  type CacheEntry,
  type CacheOptions,
  type EntryStatus,
  type OpenedContent,
  type PutOptions,
  type RefreshedEntry,
  type RefreshOptions,
} from "./cache/cache.ts";
export type { CacheContent } from "./cache/content.ts";
export type { Cleaned } from "./cache/cleaning.ts";
export { CacheError } from "./cache/errors.ts";
export { cacheFolder } from "./cache/folder.ts";

export { type LockStoreOptions, openLockStore } from "./lock_store/open.ts";
export { statesIn } from "./state/database_store.ts";
export type {
  AcquireOptions as AcquireLockOptions,
  CallOptions,
  LockOperations,
  LockQuery,
  LockRequest,
  LockStore,
  Migration,
  StoreTransaction,
  TransactionOptions,
} from "./lock_store/store.ts";
export type { DocumentRecords } from "./lock_store/documents.ts";
export {
  type EnhancedLock,
  EXCLUSIVE,
  fromPersistedLock,
  type LockOwner,
  type LockType,
  type PersistedLock,
  SHARED,
  type ShareReservation,
  toPersistedLock,
} from "./lock_store/lock.ts";
export {
  FencingTokenRefusedError,
  InvalidLockError,
  LockConflictError,
  LockNotFoundError,
  SchemaVersionError,
  StoreUnavailableError,
} from "./lock_store/errors.ts";

export { MetadataStore, type OnBroken } from "./metadata/store.ts";
export type { DocumentText, MetadataEntry, StoredMetadata } from "./metadata/stored.ts";
export type { MetadataWrite } from "./metadata/write.ts";
export { type Expected, OVERWRITE, type Overwrite } from "./engine/expected.ts";
export type { WriteOptions } from "./engine/program_writer.ts";
export {
  CasFailedError,
  ForeignDocumentError,
  type ForeignTool,
  GitError,
  NotFoundError,
  ParseError,
  SerializeError,
} from "./metadata/errors.ts";
export {
  type BranchMetadata,
  DOCUMENT_KIND,
  type Forge,
  FORGES,
  type Freeze,
  FREEZE_SCOPES,
  type FreezeScope,
  type Parent,
  PARENT_KINDS,
  type ParentKind,
  PR_STATES,
  type PullRequest,
  type PullRequestState,
  SCHEMA_VERSION,
} from "./metadata/document.ts";
export { type ErrorCode, type ErrorDetails, LatticeError, type LatticeErrorOptions } from "./platform/errors.ts";

export { createMetadata, editMetadata, type MetadataEdit, type PullRequestLink } from "./metadata/edit.ts";

export type { RefOutcome, TransactionResult } from "./engine/update.ts";
export type { UndoResult } from "./operations/undo.ts";
export type { RecoveredOperation } from "./engine/recovery.ts";
export type { Outcome } from "./engine/settle.ts";
export type { DivergedRef } from "./engine/journal_format.ts";
export type { OperationSummary, Phase } from "./engine/history.ts";
export type { OpState as OpStateMarker } from "./engine/op_state.ts";

export type { OpenOptions } from "./git/open.ts";
export type { Repository, RepositoryLayout } from "./git/repository.ts";
export type { Config, ConfigEntry, ConfigScope } from "./git/config/config.ts";
export type { ObjectFormat, ObjectType, Oid } from "./git/object_format.ts";
export type { HashName } from "./platform/hash.ts";
export type { GitObject, NewObject, ObjectInfo, ObjectStore, PrefixMatch } from "./git/objects/store.ts";
export type { RefEntry, ReflogEntry, RefStore, RefValue, ResolvedRef } from "./git/refs/store.ts";
export type {
  Clock,
  Host,
  LockableFile,
  ProcessFacts,
  ProgramEnd,
  RunningProgram,
  RunOptions,
  RunResult,
  StartOptions,
  System,
} from "./platform/system.ts";
export type { DirectoryEntry, Disk, FileKind, FileStat, OpenFile } from "./platform/disk.ts";
