/** Writes `docs/reference.md` from the definitions of the commands. */
import { writeFileSync } from "node:fs";
import { COMMANDS } from "../src/cli/definitions/mod.ts";
import { renderReference } from "../src/cli/reference.ts";

writeFileSync(new URL("../docs/reference.md", import.meta.url), renderReference(COMMANDS));
