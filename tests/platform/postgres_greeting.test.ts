import assert from "node:assert/strict";
import { createServer } from "node:net";
import fc from "fast-check";
import { openLockStore } from "../../src/lock_store/open.ts";
import { LatticeError } from "../../src/platform/errors.ts";
import { PostgresError } from "../../src/platform/postgres_error.ts";
import { PostgresGreeting } from "../../src/platform/postgres_greeting.ts";
import { test } from "../harness.ts";
import { holds } from "../property.ts";

const text = (value: string) => new TextEncoder().encode(value);

/** A message of a server. */
function message(type: string, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(5 + body.length);
  bytes.set(text(type));
  new DataView(bytes.buffer).setUint32(1, 4 + body.length);
  bytes.set(body, 5);
  return bytes;
}

function authentication(kind: number, rest = ""): Uint8Array {
  const body = new Uint8Array(4 + rest.length);
  new DataView(body.buffer).setUint32(0, kind);
  body.set(text(rest), 4);
  return message("R", body);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

const SOUND = joined(
  authentication(10, "SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"),
  authentication(11, "r=abc+/def,s=c2FsdA==,i=4096"),
  authentication(12, "v=abc="),
  authentication(0),
  message("S", text("a\0b\0")),
  text("whatever comes then"),
);

test("PostgresGreeting lets a sound greeting pass, in pieces of any size", () => {
  for (let size = 1; size <= SOUND.length; size++) {
    const greeting = new PostgresGreeting(false);
    const passed: Uint8Array[] = [];
    for (let at = 0; at < SOUND.length; at += size) passed.push(greeting.take(SOUND.subarray(at, at + size)));
    assert.deepEqual(joined(...passed), SOUND, `pieces of ${size}`);
  }
});

test("PostgresGreeting refuses what is malformed, not supported, beyond reason, or in the clear for all to hear", () => {
  const wrong = [
    authentication(2),
    authentication(7),
    authentication(5, "abc"),
    authentication(10, "SCRAM-SHA-1\0\0"),
    authentication(11, "garbage"),
    authentication(11, "r=abc,s=c2FsdA==,i=0"),
    authentication(11, "r=abc,s=c2FsdA==,i=1000001"),
    authentication(11, "r=abc,s=c2FsdA==,i=99999999999"),
    authentication(12, "e=other"),
    message("R", new Uint8Array(3)),
    message("D", new Uint8Array(2)),
    text("HTTP/1.1 400 Bad Request\r\n"),
    Uint8Array.of(0x53, 0xff, 0xff, 0xff, 0xff),
    Uint8Array.of(0x53, 0, 0, 0, 3),
    authentication(3),
  ];
  for (const bytes of wrong) {
    assert.throws(() => new PostgresGreeting(false).take(bytes), PostgresError, new TextDecoder().decode(bytes));
  }
  const clear = authentication(3);
  assert.deepEqual(new PostgresGreeting(true).take(clear), clear);
  const error = message("E", text("SFATAL\0\0"));
  assert.deepEqual(new PostgresGreeting(false).take(error), error);
});

test("PostgresGreeting takes any bytes without any other error", () => {
  holds(
    "greetings of a PostgreSQL server",
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), fc.nat(SOUND.length), (pieces, cut) => {
      const greeting = new PostgresGreeting(false);
      try {
        for (const piece of [SOUND.subarray(0, cut), ...pieces]) greeting.take(piece);
      } catch (error) {
        assert.ok(error instanceof PostgresError);
      }
    }),
    { seed: 20_261_121, numRuns: 2000, tortureRuns: 200_000, kind: "fuzz inputs" },
  );
});

test("a store at a server that greets wrongly is unavailable, and says why", async () => {
  const answers: readonly (readonly [Uint8Array[], RegExp])[] = [
    [[authentication(10, "SCRAM-SHA-256\0\0"), authentication(11, "garbage")], /not supported, or malformed \(11\)/],
    [[authentication(3)], /in the clear/],
    [[text("220 mail.example ESMTP\r\n")], /no PostgreSQL server/],
    [[authentication(0), message("D", new Uint8Array(2))], /cannot be used/],
    [[], /was closed/],
  ];
  for (const [messages, pattern] of answers) {
    const server = createServer((socket) => {
      let next = 0;
      socket.on("error", () => socket.destroy());
      socket.on("data", () => {
        const answer = messages[next++];
        if (answer === undefined) socket.destroy();
        else socket.write(answer);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const store = openLockStore(`postgres://u:hunter2@127.0.0.1:${port}/d?sslmode=disable`, { timeoutMs: 1000 });
    await assert.rejects(store.listLocks(), (error: unknown) => {
      assert.ok(error instanceof LatticeError, String(error));
      assert.equal(error.code, "store_unavailable");
      assert.match(error.message, pattern);
      return true;
    });
    await store.close();
    server.close();
  }
});
