/** How it is told in PostgreSQL of which file's locks something has changed. */
import assert from "node:assert/strict";
import { readTopic, topicOf, TOPICS } from "../../src/lock_store/postgres_channel.ts";
import { test } from "../harness.ts";

test("topicOf() spreads files evenly, the same way in every program, and readTopic() reads what was told", () => {
  const counts = new Map<number, number>();
  for (let i = 0; i < 64 * TOPICS; i++) {
    const topic = topicOf({ shareName: "share", fileId: `file ${i}` });
    assert.equal(readTopic(String(topic)), topic);
    counts.set(topic, (counts.get(topic) ?? 0) + 1);
  }
  assert.equal(counts.size, TOPICS);
  assert.ok(Math.max(...counts.values()) < 2 * 64, "no topic stands for many more files than others");
  assert.deepEqual(
    [topicOf({ shareName: "", fileId: "" }), topicOf({ shareName: "s", fileId: "\u00fcber" })],
    PINNED,
  );
  assert.notEqual(topicOf({ shareName: "a", fileId: "bc" }), topicOf({ shareName: "ab", fileId: "c" }));
  for (const text of ["", "x", "-1", String(TOPICS), "00001", "1 "]) assert.equal(readTopic(text), null, text);
});

/** Programs of other versions must tell the same. */
const PINNED = [287, 243];
