/**
 * Shell patterns as git matches them; they live where configuration can use them too.
 *
 * @module
 */
export { compileWildmatch, type Matcher, type WildmatchOptions } from "../../git/wildmatch.ts";
