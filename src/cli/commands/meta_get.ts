/**
 * `lattice meta get <branch>`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import type { ParsedCommand } from "../parse.ts";
import { MetadataStore } from "../../metadata/store.ts";
import { concatBytes } from "../../platform/text.ts";

const NEWLINE = Uint8Array.of(0x0a);

/** Prints the stored document. */
export async function run({ output, openRepository }: CommandContext, parsed: ParsedCommand): Promise<number> {
  const store = new MetadataStore(await openRepository());
  const { branch, ref, oid, metadata, bytes } = store.readExisting(parsed.arguments[0]!);
  if (output.json) output.value({ branch, ref, oid, metadata });
  else output.jsonBytes(concatBytes([bytes, NEWLINE]));
  return EXIT_OK;
}
