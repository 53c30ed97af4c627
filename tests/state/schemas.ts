/**
 * Schemas chosen by chance, each with the values that it accepts.
 *
 * @module
 */
import fc from "fast-check";
import * as z from "zod";

/** A schema, and values that it accepts. */
export interface SchemaAndValues {
  readonly schema: z.ZodType;
  readonly values: fc.Arbitrary<unknown>;
}

/** Any unit of UTF-16 is allowed, halves of pairs and NUL among them. */
const text = fc.string({ unit: fc.nat({ max: 0xffff }).map((unit) => String.fromCharCode(unit)), maxLength: 8 });
/** `zod` leaves members of this name out, so no value that has one is given back. */
const key = text.filter((name) => name !== "__proto__");
const number = fc.double({ noNaN: true, noDefaultInfinity: true });

const leaf: fc.Arbitrary<SchemaAndValues> = fc.constantFrom<SchemaAndValues>(
  { schema: z.string(), values: text },
  { schema: z.number(), values: number },
  { schema: z.int(), values: fc.maxSafeInteger() },
  { schema: z.boolean(), values: fc.boolean() },
  { schema: z.null(), values: fc.constant(null) },
  { schema: z.literal(["a", 1, true]), values: fc.constantFrom("a", 1, true) },
  { schema: z.enum(["up", "down"]), values: fc.constantFrom("up", "down") },
  { schema: z.string().trim(), values: text.map((value) => value.trim()) },
  {
    schema: z.iso.datetime(),
    values: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }).map((date) => date.toISOString()),
  },
  { schema: z.coerce.date(), values: fc.date({ noInvalidDate: true }) },
  { schema: z.json(), values: fc.jsonValue({ maxDepth: 3, noUnicodeString: false } as never) },
  { schema: z.unknown(), values: fc.jsonValue({ maxDepth: 3 }) },
);

function objectOf(members: readonly (readonly [string, SchemaAndValues, boolean])[]): SchemaAndValues {
  const shape: Record<string, z.ZodType> = {};
  const values: Record<string, fc.Arbitrary<unknown>> = {};
  const requiredKeys: string[] = [];
  for (const [name, inner, isOptional] of members) {
    shape[name] = isOptional ? z.optional(inner.schema) : inner.schema;
    values[name] = inner.values;
    if (!isOptional) requiredKeys.push(name);
  }
  return { schema: z.strictObject(shape), values: fc.record(values, { requiredKeys }) };
}

const { object } = fc.letrec<{ any: SchemaAndValues; object: SchemaAndValues }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3, depthIdentifier: "schema" },
    leaf,
    tie("any").map(({ schema, values }) => ({ schema: z.array(schema), values: fc.array(values, { maxLength: 4 }) })),
    tie("any").map(({ schema, values }) => ({ schema: z.nullable(schema), values: fc.option(values) })),
    tie("any").map(({ schema, values }) => ({
      schema: z.record(z.string(), schema),
      values: fc.dictionary(key, values, { maxKeys: 4, noNullPrototype: true }),
    })),
    fc.tuple(tie("any"), tie("any")).map(([a, b]) => ({
      schema: z.tuple([a.schema, b.schema]),
      values: fc.tuple(a.values, b.values),
    })),
    tie("object"),
  ),
  object: fc.uniqueArray(fc.tuple(key, tie("any"), fc.boolean()), { selector: ([name]) => name, maxLength: 4 }).map(
    objectOf,
  ),
}));

/** A schema of objects, and a value that it accepts. */
export const acceptedObjects: fc.Arbitrary<{ schema: z.ZodType; value: unknown }> = object.chain(({ schema, values }) =>
  values.map((value) => ({ schema, value }))
);
