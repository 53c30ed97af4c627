import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createHasher, createKernelHasher, hash } from "../../src/platform/hash.ts";
import { toHex } from "../../src/platform/text.ts";
import { test } from "../harness.ts";

const MAKERS = { createHasher, createKernelHasher };

test("hash() and the kernels agree with the runtime's own SHA-1 and SHA-256 around the kernel's buffer size", () => {
  for (const name of ["sha1", "sha256"] as const) {
    for (const length of [0, 1, 55, 56, 63, 64, 65, 16383, 16384, 16385, 100_000]) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 7 + 3) & 0xff);
      const expected = createHash(name).update(bytes).digest("hex");
      assert.equal(toHex(hash(name, bytes)), expected, `${name} of ${length}`);
      assert.equal(toHex(createKernelHasher(name).update(bytes).digest()), expected, `${name} of ${length}, kernel`);
    }
  }
});

for (const [maker, create] of Object.entries(MAKERS)) {
  test(`${maker}() keeps two digests in progress apart`, () => {
    const first = create("sha1").update(Uint8Array.of(1));
    const second = create("sha1").update(Uint8Array.of(2));
    first.update(Uint8Array.of(3));
    assert.equal(toHex(second.digest()), createHash("sha1").update(Uint8Array.of(2)).digest("hex"));
    assert.equal(toHex(first.digest()), createHash("sha1").update(Uint8Array.of(1, 3)).digest("hex"));
  });
}
