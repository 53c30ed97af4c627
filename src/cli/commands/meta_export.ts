/**
 * `lattice meta export`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_CODES, EXIT_OK } from "../exit_codes.ts";
import { escapeJson } from "../escape.ts";
import { MetadataStore } from "../../metadata/store.ts";
import type { LatticeError } from "../../platform/errors.ts";

/** Lines are printed in parts of about this many characters: few calls, little memory. */
const PART_LENGTH = 64 * 1024;

/** Prints all documents, one JSON line a branch. */
export async function run({ output, log, openRepository }: CommandContext): Promise<number> {
  const store = new MetadataStore(await openRepository());
  let exitCode: number = EXIT_OK;
  let part = "";
  const onBroken = (_branch: string, error: LatticeError) => {
    log.warn(error.message);
    if (exitCode === EXIT_OK) exitCode = EXIT_CODES[error.code];
  };
  for (const { branch, oid, metadata } of store.exportAll(onBroken)) {
    part += `${escapeJson(JSON.stringify({ branch, oid, metadata }))}\n`;
    if (part.length < PART_LENGTH) continue;
    output.text(part);
    part = "";
  }
  if (part !== "") output.text(part);
  return exitCode;
}
