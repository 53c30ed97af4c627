/**
 * `lattice meta export`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_CODES, EXIT_OK } from "../exit_codes.ts";
import { escapeJson } from "../escape.ts";
import { createProgress } from "../progress.ts";
import { MetadataStore } from "../../metadata/store.ts";
import type { LatticeError } from "../../platform/errors.ts";

/** Lines are printed in parts of about this many characters: few calls, little memory. */
const PART_LENGTH = 64 * 1024;

/** After so many documents it is told how many there were. */
const DOCUMENTS_PER_NEWS = 512;

/** Prints all documents, one JSON line a branch. */
export async function run(context: CommandContext): Promise<number> {
  const { output, log, openRepository, streams } = context;
  using progress = createProgress(context);
  const store = new MetadataStore(await openRepository());
  let exitCode: number = EXIT_OK;
  let part = "";
  let done = 0;
  const onBroken = (_branch: string, error: LatticeError) => {
    log.error(error);
    if (exitCode === EXIT_OK) exitCode = EXIT_CODES[error.code];
  };
  for (const { branch, oid, text } of store.exportTexts(onBroken)) {
    if (++done % DOCUMENTS_PER_NEWS === 0 && !streams.isTerminal(1)) progress.show("exporting documents", done, null);
    part += `${escapeJson(`{"branch":${JSON.stringify(branch)},"oid":"${oid}","metadata":${text}}`)}\n`;
    if (part.length < PART_LENGTH) continue;
    output.text(part);
    part = "";
  }
  if (part !== "") output.text(part);
  return exitCode;
}
