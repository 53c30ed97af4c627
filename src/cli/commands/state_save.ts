/**
 * `lattice state save <name>`.
 *
 * @module
 */
import type { CommandContext } from "../context.ts";
import { EXIT_OK } from "../exit_codes.ts";
import { readInput } from "../input.ts";
import type { ParsedCommand } from "../parse.ts";
import { openStateToWrite } from "../state.ts";
import { LatticeError } from "../../platform/errors.ts";
import { acceptDocument, STATE_BYTES_MAX } from "../../state/document.ts";
import { digestOf, type Expectation } from "../../state/document_store.ts";
import { SerializationFailed } from "../../state/errors.ts";
import { checkStateName } from "../../state/name.ts";
import { isDigest } from "../../state/typed_repository.ts";

/** Stores a document as it is given. */
export async function run(context: CommandContext, parsed: ParsedCommand): Promise<number> {
  const name = parsed.arguments[0]!;
  checkStateName(name); // before anything is read
  const expectation = expectationOf(parsed);
  const store = await openStateToWrite(context, parsed);
  const accepted = acceptDocument(readInput(context, parsed.value("file"), STATE_BYTES_MAX));
  if ("flaw" in accepted) {
    throw new SerializationFailed(store.pathOf(name), accepted.flaw.text, {
      hint: "give one JSON object in UTF-8; nothing was written",
      ...(accepted.flaw.cause === undefined ? {} : { cause: accepted.flaw.cause }),
    });
  }
  await store.write(name, accepted.bytes, expectation);
  const digest = digestOf(accepted.bytes);
  if (context.output.json) context.output.value({ name, digest });
  else context.output.line(digest);
  return EXIT_OK;
}

function expectationOf(parsed: ParsedCommand): Expectation {
  if (parsed.flag("expect-any")) return { kind: "any" };
  if (parsed.flag("expect-absent")) return { kind: "absent" };
  const given = parsed.value("expect");
  if (given === undefined) return { kind: "sound" };
  const digest = given.toLowerCase();
  if (isDigest(digest)) return { kind: "exactly", digest };
  throw new LatticeError("usage", `option --expect is no digest of 64 hexadecimal digits: ${JSON.stringify(given)}`, {
    hint: "lattice state load --json shows the digest that a document has now",
  });
}
