/**
 * `lattice meta set <branch>`.
 *
 * @module
 */
import { openChange } from "../change.ts";
import type { CommandContext } from "../context.ts";
import { expectationOf } from "../expectation.ts";
import { readInput } from "../input.ts";
import type { ParsedCommand } from "../parse.ts";
import { storeAndReport } from "../store_document.ts";
import { DOCUMENT_BYTES_MAX } from "../../metadata/document.ts";
import { parseInput } from "../../metadata/parse.ts";
import { MetadataStore } from "../../metadata/store.ts";

/** Stores a whole document. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const branch = parsed.arguments[0]!;
  const repository = await context.openRepository();
  new MetadataStore(repository).refName(branch); // a name that no branch can have is refused before anything is read
  const expected = expectationOf(parsed, repository.objectFormat);
  const bytes = readInput(context, parsed.value("file"), DOCUMENT_BYTES_MAX);
  const document = parseInput(bytes, { branch, format: repository.objectFormat });
  using writer = await openChange(context, parsed);
  return await storeAndReport(context, writer, document, expected);
}
