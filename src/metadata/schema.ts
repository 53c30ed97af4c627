/**
 * The document as a zod schema, for programs that use lattice as a library and validate with zod.
 *
 * Nothing else in lattice loads this file: zod costs more at start-up than a whole command. The strict parser in
 * `check.ts` holds the same rules (proof: `tests/metadata/schema.test.ts`), and the branch and the repository's object
 * format besides.
 *
 * @module
 */
import * as z from "zod/mini";
import { isBranchName } from "../git/refs/names.ts";
import { isWellFormed } from "../platform/text.ts";
import {
  type BranchMetadata,
  DOCUMENT_KIND,
  FORGES,
  FREEZE_SCOPES,
  PARENT_KINDS,
  PR_STATES,
  SCHEMA_VERSION,
} from "./document.ts";

const text = z.string().check(z.refine(isWellFormed, "expected valid Unicode"));
const branchName = text.check(z.refine(isBranchName, "expected a valid branch name"));
const time = z.iso.datetime().check(
  z.regex(/T[0-9:]{8}(?:\.[0-9]{1,9})?Z$/, "expected seconds, and at most nine digits"),
);
const oid = z.string().check(
  z.regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, "expected 40 or 64 lower-case hexadecimal digits"),
  z.refine((digits) => /[^0]/.test(digits), "expected the name of a commit"),
);

const freeze = z.discriminatedUnion("state", [
  z.strictObject({ state: z.literal("unfrozen") }),
  z.strictObject({
    state: z.literal("frozen"),
    scope: z.enum(FREEZE_SCOPES),
    reason: z.nullable(text),
    frozen_at: time,
  }),
]);

const pullRequest = z.discriminatedUnion("state", [
  z.strictObject({ state: z.literal("none") }),
  z.strictObject({
    state: z.literal("linked"),
    forge: z.enum(FORGES),
    number: z.int().check(z.minimum(1)),
    url: text.check(z.minLength(1)),
    last_known: z.nullable(z.strictObject({ state: z.enum(PR_STATES), is_draft: z.boolean() })),
  }),
]);

/** A branch metadata document. */
export const branchMetadataSchema: z.ZodMiniType<BranchMetadata> = z.strictObject({
  kind: z.literal(DOCUMENT_KIND),
  schema_version: z.literal(SCHEMA_VERSION),
  branch: z.strictObject({ name: branchName }),
  parent: z.strictObject({ kind: z.enum(PARENT_KINDS), name: branchName }),
  base: z.strictObject({ oid }),
  freeze,
  pr: pullRequest,
  timestamps: z.strictObject({ created_at: time, updated_at: time }),
});
