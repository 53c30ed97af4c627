/**
 * The command that looks for what is wrong.
 *
 * @module
 */
import type { CommandDefinition } from "../definition.ts";

/** `doctor`. */
export const DOCTOR_COMMANDS: readonly CommandDefinition[] = [
  {
    path: ["doctor"],
    summary: "look for what is wrong with the repository, and mend what is named",
    description: [
      "Looks at format and owner of the repository, refs and packed-refs, metadata,",
      "the stack, locks, operations, journals, temporary files and permissions. Each",
      "finding has an id, such as ref.empty:refs/heads/topic, and says what was seen",
      "and what would mend it. Nothing is changed unless its id is named behind --fix;",
      "--fix alone, on a terminal, shows what it would do and asks. Exit code 1 while",
      "findings remain.",
      "",
      "Kinds of ids: repository.*, config.invalid, lock.*, operation.*, journal.*,",
      "packed-refs.damaged, ref.*, objects.damaged, reflog.*, metadata.*, stack.*,",
      "temporary.*, permission.*, check.failed. docs/doctor.md says what each means",
      "and how it is mended.",
    ],
    arguments: [{
      name: "id",
      kind: "text",
      optional: true,
      variadic: true,
      summary: "with --fix: a finding that is to be mended",
    }],
    options: [{ name: "fix", summary: "mend the findings that are named" }],
    json: `[{"id","severity","subject","evidence","fix","fixed"}]`,
    examples: [
      { line: "lattice doctor", summary: "what is wrong, and what would mend it" },
      { line: "lattice doctor --fix ref.empty:refs/heads/topic", summary: "mend one finding" },
    ],
    load: () => import("../commands/doctor.ts"),
  },
];
