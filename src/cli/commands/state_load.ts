/**
 * `lattice state load <name>`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { escapeJson } from "../escape.ts";
import { EXIT_OK } from "../exit_codes.ts";
import type { ParsedCommand } from "../parse.ts";
import { openStateToRead } from "../state.ts";
import { LatticeError } from "../../platform/errors.ts";
import { decodeUtf8 } from "../../platform/text.ts";
import { flawOf } from "../../state/document.ts";
import { digestOf } from "../../state/document_store.ts";
import { CorruptedStateFile } from "../../state/errors.ts";
import { compactJson } from "../../state/json_scan.ts";
import { checkStateName } from "../../state/name.ts";

/** Prints a document as it is stored. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const { output } = context;
  const name = parsed.arguments[0]!;
  checkStateName(name);
  const store = await openStateToRead(context, parsed);
  const path = store.pathOf(name);
  const bytes = await store.read(name);
  if (bytes === null) {
    throw new LatticeError(
      "not_found",
      `there is no state ${JSON.stringify(name)}: ${JSON.stringify(path)} is missing`,
      {
        hint: "lattice state list shows those that are there; lattice state save stores one",
        details: { name, path },
      },
    );
  }
  const flaw = flawOf(bytes);
  if (flaw !== null) throw new CorruptedStateFile(path, name, flaw.text, flaw.cause);
  if (!output.json) {
    output.jsonBytes(bytes);
    return EXIT_OK;
  }
  // The document's own spelling: a number may have more digits than JavaScript keeps.
  const about = JSON.stringify({ name, digest: digestOf(bytes) });
  output.text(escapeJson(`${about.slice(0, -1)},"state":${compactJson(decodeUtf8(bytes)!)}}\n`));
  return EXIT_OK;
}
