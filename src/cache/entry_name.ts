/**
 * Names of cache entries. An entry is a folder of its name, so a name can be nothing but one plain name of a folder.
 *
 * @module
 */

/** The longest name, in characters. */
export const ENTRY_NAME_LENGTH_MAX = 128;

/** Letters, digits, `_`, `-` and `.`; neither a dot nor a dash begins one, and no dot ends one. */
const NAME = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?$/;

/** Why a text can be no name of an entry; `null`: it can. */
export function whyNoEntryName(name: string): string | null {
  if (name === "") return "it is empty";
  if (name.length > ENTRY_NAME_LENGTH_MAX) return `it is longer than ${ENTRY_NAME_LENGTH_MAX} characters`;
  if (NAME.test(name)) return null;
  if (/^[.-]/.test(name)) return `it begins with ${JSON.stringify(name[0])}`;
  if (name.endsWith(".")) return "it ends with a dot";
  return "it holds other characters than letters, digits, _, - and dots";
}
