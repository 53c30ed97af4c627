/**
 * The engine: transactions over refs, their journals, and recovery. This is the folder's door.
 *
 * @module
 */
export { openWriter, type Writer, type WriterOptions } from "./writer.ts";
export type { PreparedTransaction } from "./transaction.ts";
export type { RecoveredOperation } from "./recovery.ts";
export { type OpState, readOpState } from "./op_state.ts";
export type { Change, Expectation, RefOutcome, RefUpdate, TransactionRequest, TransactionResult } from "./update.ts";
