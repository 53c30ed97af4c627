import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { openSqlite, SqliteError } from "../../src/platform/sqlite.ts";
import { test } from "../harness.ts";
import { temporaryFolder } from "../temporary_folder.ts";

test("openSqlite: a frozen file is read as it is, whatever its name, nothing is made beside it, and it is not written", () => {
  const folder = temporaryFolder();
  const name = "a ?b%3F#ü.db";
  const writer = openSqlite(`${folder}/${name}`);
  writer.exec("pragma journal_mode = wal; create table t (x); insert into t values (1)");
  writer.close();
  const frozen = openSqlite(`${folder}/${name}`, { isFrozen: true });
  assert.deepEqual(frozen.all("select x from t").map(({ x }) => x), [1]);
  assert.throws(() => frozen.exec("insert into t values (2)"), { name: "SqliteError", failure: "readonly" });
  assert.deepEqual(readdirSync(folder), [name]);
  frozen.close();
});

test("openSqlite: what a read-only disk refuses is told as that", () => {
  const path = `${temporaryFolder()}/a.db`;
  openSqlite(path).exec("create table t (x)");
  for (const isReadOnly of [true, false]) {
    const database = openSqlite(path, { isFrozen: true, isReadOnlyDisk: () => isReadOnly });
    let error: unknown = null;
    try {
      database.exec("delete from t");
    } catch (thrown) {
      error = thrown;
    }
    assert.ok(error instanceof SqliteError);
    assert.deepEqual([error.code, error.failure], ["io", isReadOnly ? "readonly-disk" : "readonly"]);
    assert.equal(/read-only file system \(EROFS\)/.test(error.message), isReadOnly);
    database.close();
  }
});
