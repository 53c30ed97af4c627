import assert from "node:assert/strict";
import { reportFailure } from "../../src/cli/failure.ts";
import { createLog } from "../../src/cli/output.ts";
import { keepOut, redact, redactParts } from "../../src/cli/redaction.ts";
import { LatticeError } from "../../src/platform/errors.ts";
import { test } from "../harness.ts";
import { keptStreams, systemIn } from "./command_line.ts";

const VALUES = ["hunter2-of-the-redaction", 'quoted "and\\\nbroken\u001b[31m', "ключ-редакции"];
for (const value of VALUES) keepOut(value);

/** Pieces of the values that no output may hold. */
const PIECES = /hunter2-of|quoted|broken|редакции/;

test("redact() takes values out of a text, quoted and escaped as well, and leaves short ones", () => {
  keepOut("abc");
  for (const value of VALUES) {
    assert.equal(redact(`before ${value} behind`), "before [secret] behind");
    assert.equal(redact(JSON.stringify({ value })), '{"value":"[secret]"}');
  }
  assert.equal(redact("abc"), "abc");
});

test("redactParts() takes values out of the texts of a value, and leaves names, numbers and what is absent", () => {
  assert.deepEqual(redactParts({ path: `/x/${VALUES[0]}`, list: [VALUES[1], 5, null, true], none: null, big: 5n }), {
    path: "/x/[secret]",
    list: ["[secret]", 5, null, true],
    none: null,
    big: 5n,
  });
});

for (const json of [false, true]) {
  test(`no error shows a value, not in its message, hint, details, trace or cause: ${json ? "as JSON" : "for people"}`, () => {
    for (const value of VALUES) {
      const cause = new Error(`the system said ${value}`);
      for (
        const error of [
          new LatticeError("io", `cannot do ${value}`, {
            hint: `try ${value}`,
            details: { value, deep: [{ value }] },
            cause,
          }),
          new LatticeError("internal", value, { cause }),
          new Error(`unforeseen ${value}`, { cause }),
          value,
        ]
      ) {
        const { streams, ended } = keptStreams({});
        const { stderr, stdout } = ended(reportFailure(error, streams, { json, color: true, debug: true }));
        assert.match(stderr, /\[secret\]/);
        assert.doesNotMatch(stderr + stdout, PIECES);
      }
    }
  });
}

test("no line of the log shows a value", () => {
  const { streams, ended } = keptStreams({});
  const options = {
    directories: [],
    gitDir: undefined,
    json: false,
    verbosity: 1,
    color: "auto",
    lockTimeoutMs: undefined,
  } as const;
  const log = createLog(streams, options, systemIn({}));
  for (const value of VALUES) {
    log.info(`info ${value}`);
    log.detail(`detail ${JSON.stringify(value)}`);
    log.warn(`warn ${value}`);
  }
  const { stderr } = ended(0);
  assert.equal(stderr.match(/\[secret\]/g)?.length, 9);
  assert.doesNotMatch(stderr, PIECES);
});
