/** Lines of reflogs: what git writes is what we write, and what we write git reads. */
import assert from "node:assert/strict";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { SHA1 } from "../../../src/git/object_format.ts";
import {
  formatReflogLine,
  parseReflogLine,
  readReflogBackwards,
  readReflogFile,
} from "../../../src/git/refs/reflog.ts";
import { realDisk } from "../../../src/platform/real_disk.ts";
import { utf8 } from "../../../src/platform/text.ts";
import { temporaryFolder } from "../../fixtures.ts";
import { gitText } from "../../git_oracle.ts";
import { test } from "../../harness.ts";
import { holds } from "../../property.ts";

const IDENTITY = "Cem Sample <cem@example.com> 1700100000 +0000";
const A = "a".repeat(40);
const B = "b".repeat(40);

test("formatReflogLine() cleans messages as git does", () => {
  const folder = temporaryFolder();
  gitText(["init", "-q", "-b", "main"], folder);
  gitText(["commit", "-q", "--allow-empty", "-m", "one"], folder);
  const commit = gitText(["rev-parse", "HEAD"], folder);
  const messages = ["plain", "  two  blanks \n\n lines\t", "\ttab\r\n", "é \u00a0 x", "a\vb\fc", " ", "trailing\\n"];
  messages.forEach((message, index) => {
    const ref = `refs/heads/b${index}`;
    gitText(["update-ref", "--create-reflog", "-m", message, ref, commit], folder);
    const theirs = readFileSync(join(folder, ".git/logs", ref), "utf8");
    const ours = formatReflogLine(SHA1.zero, commit, IDENTITY, message);
    assert.equal(new TextDecoder().decode(ours), theirs, JSON.stringify(message));
  });
});

test("parseReflogLine() gives back what formatReflogLine() was given", () => {
  holds(
    "parseReflogLine() gives back what formatReflogLine() was given",
    fc.property(fc.string(), fc.nat(2_000_000_000), (message, seconds) => {
      const line = formatReflogLine(A, B, `N <e@x> ${seconds + 1} -0330`, message);
      const entry = parseReflogLine(line.subarray(0, line.length - 1), SHA1)!;
      assert.deepEqual({ ...entry, message: "" }, {
        old: A,
        new: B,
        identity: "N <e@x>",
        seconds: BigInt(seconds + 1),
        timeZone: "-0330",
        message: "",
      });
      const again = formatReflogLine(A, B, `N <e@x> ${seconds + 1} -0330`, entry.message);
      assert.deepEqual(again, line, "cleaning twice changes nothing");
    }),
    { seed: 3, numRuns: 300 },
  );
});

test("parseReflogLine() takes no line whose identity holds a NUL, as git takes none", () => {
  const folder = temporaryFolder();
  gitText(["init", "-q", "-b", "main"], folder);
  gitText(["commit", "-q", "--allow-empty", "-m", "one"], folder);
  const commit = gitText(["rev-parse", "HEAD"], folder);
  for (const identity of ["N <e@x>", "N\0 <e@x>", "\0N <e@x>", "N <e\0@x>", "N <e@x>\0"]) {
    const line = `${SHA1.zero} ${commit} ${identity} 1700100000 +0000\tmessage`;
    writeFileSync(join(folder, ".git/logs/refs/heads/main"), `${line}\n`);
    const isEntry = gitText(["reflog", "show", "--format=%gs", "main"], folder) === "message";
    assert.equal(parseReflogLine(utf8(line), SHA1) !== null, isEntry, JSON.stringify(identity));
  }
});

test("readReflogBackwards() gives long logs and long lines, newest first, across its windows", () => {
  const path = join(temporaryFolder(), "log");
  const lengths = [0, 1, 8_191, 8_192, 20_000, 3, ...Array.from({ length: 400 }, (_, i) => i % 97)];
  for (const length of lengths) appendFileSync(path, formatReflogLine(A, B, IDENTITY, "m".repeat(length)));
  const forwards = readReflogFile(realDisk, path, SHA1)!;
  assert.deepEqual(forwards.map((entry) => entry.message.length), lengths);
  assert.deepEqual([...readReflogBackwards(realDisk, path, SHA1)!].reverse(), forwards);
});

test("readReflogFile() and readReflogBackwards() tell no log from an empty one and from a torn one", () => {
  const folder = temporaryFolder();
  const path = join(folder, "log");
  assert.equal(readReflogFile(realDisk, path, SHA1), null);
  assert.equal(readReflogBackwards(realDisk, path, SHA1), null);
  assert.equal(readReflogFile(realDisk, folder, SHA1), null, "a folder is no log");
  writeFileSync(path, "");
  assert.deepEqual(readReflogFile(realDisk, path, SHA1), []);
  assert.deepEqual([...readReflogBackwards(realDisk, path, SHA1)!], []);
  const line = formatReflogLine(A, B, IDENTITY, "x");
  writeFileSync(path, line.subarray(0, line.length - 1));
  assert.throws(() => readReflogFile(realDisk, path, SHA1), { code: "invalid_data" });
  assert.throws(() => [...readReflogBackwards(realDisk, path, SHA1)!], { code: "invalid_data" });
  assert.equal(parseReflogLine(utf8("garbage"), SHA1), null);
});
