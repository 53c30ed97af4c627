/**
 * Environments for programs that are started.
 *
 * @module
 */

/** The variables that are set, as a program is given them. */
export function definedVariables(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const defined: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined) defined[name] = value;
  }
  return defined;
}
