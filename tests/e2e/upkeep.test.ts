/** The binary killed, or with a failing call, while it packs refs or shortens reflogs: every ref keeps its value. */
import assert from "node:assert/strict";
import { test } from "../harness.ts";
import { seedOr } from "../thoroughness.ts";
import { failAtCalls, killAtCalls } from "./disturbing.ts";
import { expireAll, packAll } from "./subjects.ts";

const seed = seedOr(20260109);

for (const make of [packAll, expireAll]) {
  test(`binary killed, or with a failing call, changes no ref: ${make.name}`, () => {
    const subject = make();
    assert.equal(subject.after, subject.before);
    killAtCalls(subject, { seed, count: 12 });
    failAtCalls(subject, { seed, count: 12 });
  });
}
