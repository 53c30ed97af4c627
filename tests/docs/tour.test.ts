import assert from "node:assert/strict";
import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { binary } from "../e2e/binary.ts";
import { gitEnvironment, runProgram } from "../git_oracle.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";

/** A command of the tour and what the README says that it prints. */
interface Step {
  command: string;
  printed: string[];
}

/** What a placeholder stands for, by its name up to a dash. */
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  oid: "[0-9a-f]{40}",
  op: "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}",
  time: "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z",
  path: "/\\S+",
  pid: "\\d+",
  host: "[^\\s,)]+",
};

/** The commands in the `console` blocks of a text, in order. */
function stepsOf(text: string): Step[] {
  const steps: Step[] = [];
  for (const [, block] of text.matchAll(/^```console\n([\s\S]*?)^```$/gm)) {
    for (const line of block!.trimEnd().split("\n")) {
      const last = steps.at(-1);
      if (line.startsWith("$ ")) steps.push({ command: line.slice(2), printed: [] });
      else if (last !== undefined && line.startsWith("> ")) last.command += `\n${line.slice(2)}`;
      else last?.printed.push(line);
    }
  }
  return steps;
}

/** Runs the commands in one shell, and gives what each printed on both its outputs. */
function run(steps: readonly Step[]): string[] {
  const folder = temporaryFolder();
  symlinkSync(binary, join(folder, "lattice"));
  const mark = "=-=-= end of a step";
  const script = ["exec 2>&1", ...steps.map(({ command }) => `${command}\necho '${mark}'`)].join("\n");
  const env = { PATH: `${folder}:${gitEnvironment["PATH"]}`, HOME: folder };
  const ended = runProgram("/bin/sh", ["-c", script], folder, { env });
  return new TextDecoder().decode(ended.stdout).split(`${mark}\n`).slice(0, -1);
}

/** Whether a text is what was shown. Placeholders with a dash (`<oid-first>`) mean one value wherever they stand. */
function isAsShown(actual: string, shown: readonly string[], known: Map<string, string>): boolean {
  const names: string[] = [];
  const pattern = shown.map((line) =>
    line.split(/(<[a-z]+(?:-[a-z]+)?>)/).map((part) => {
      const [, name, suffix] = /^<([a-z]+)(-[a-z]+)?>$/.exec(part) ?? [];
      const meaning = name === undefined ? undefined : PLACEHOLDERS[name];
      if (meaning === undefined) return part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
      if (suffix === undefined) return meaning;
      if (known.has(part)) return known.get(part)!;
      if (names.includes(part)) return `\\${names.indexOf(part) + 1}`;
      names.push(part);
      return `(${meaning})`;
    }).join("")
  );
  const match = new RegExp(`^${pattern.map((line) => `${line}\n`).join("")}$`).exec(actual);
  names.forEach((name, index) => match !== null && known.set(name, match[index + 1]!));
  return match !== null;
}

test("README.md: the tour prints what it shows, command for command", () => {
  const steps = stepsOf(readFileSync(new URL("../../README.md", import.meta.url), "utf8"));
  assert.ok(steps.length >= 20, "the tour is not found");
  const outputs = run(steps);
  assert.equal(outputs.length, steps.length, `the tour ended early: ${outputs.at(-1)}`);
  const known = new Map<string, string>();
  steps.forEach(({ command, printed }, index) => {
    const actual = outputs[index]!;
    const same = isAsShown(actual, printed, known);
    assert.ok(same, `$ ${command}\nshown:\n${printed.join("\n")}\nprinted:\n${actual}`);
  });
});
