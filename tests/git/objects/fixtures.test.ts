/** Sound repositories made by real git: every object that the manifest lists is read as it is. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { fixtureFolder, type FixtureRepository, fixtures } from "../../fixtures.ts";
import { test } from "../../harness.ts";
import { formatNamed, openObjects } from "./open_fixture.ts";

const SOUND = Object.entries(fixtures).filter(([name]) => !name.startsWith("corrupt/"));

for (const [name, fixture] of SOUND) {
  const repositories = fixture.repositories.filter(({ objects }) => objects !== undefined);
  if (repositories.length === 0) continue;
  test(`openObjectStore() reads every object of the fixture ${name}`, () => {
    for (const repository of repositories) checkRepository(name, repository);
  });
}

function checkRepository(name: string, repository: FixtureRepository): void {
  using store = openObjects(join(fixtureFolder(name), repository.gitdir), {
    format: formatNamed(repository.object_format),
  });
  const facts = repository.objects!;
  const oids = store.allOids();
  assert.equal(oids.length, facts.count, repository.path);
  const lines: string[] = [];
  const byType: Record<string, number> = {};
  for (const oid of oids) {
    const object = store.read(oid);
    assert.ok(object !== null, `${oid} in ${repository.path}`);
    assert.deepEqual(store.info(oid), { type: object.type, size: object.content.length });
    lines.push(`${oid} ${object.type} ${object.content.length}\n`);
    byType[object.type] = (byType[object.type] ?? 0) + 1;
  }
  assert.deepEqual(byType, facts.by_type);
  if (oids.length > 0) {
    assert.equal(createHash("sha256").update(lines.join("")).digest("hex"), facts.list_sha256, repository.path);
  }
  for (const { oid, type, size, content_sha1 } of facts.all ?? facts.sample ?? []) {
    const object = store.read(oid)!;
    assert.deepEqual([object.type, object.content.length], [type, size]);
    assert.equal(createHash("sha1").update(object.content).digest("hex"), content_sha1, oid);
  }
}
