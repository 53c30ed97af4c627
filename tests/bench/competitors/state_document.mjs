/**
 * The document that is saved and loaded, and its schema: the same for all who compete.
 *
 * @module
 */
import * as z from "zod";

const Service = z.object({
  name: z.string(),
  image: z.string(),
  replicas: z.int(),
  healthy: z.boolean(),
  tags: z.array(z.string()),
});

/** What is deployed in an environment. */
export const Environment = z.object({ revision: z.int(), services: z.array(Service) });

/** A document of about so many bytes, as it is stored. */
export function documentOf(bytes) {
  const services = [];
  let length = 0;
  for (let number = 0; length < bytes; number++) {
    const name = `service-${String(number).padStart(6, "0")}`;
    const image = `images.example.com/shop/${name}:1.${number}.0`;
    services.push({ name, image, replicas: number % 7, healthy: number % 2 === 0, tags: ["shop", "eu-central"] });
    length += JSON.stringify(services[number], null, 2).length + 40; // with what the nesting adds
  }
  return { revision: 0, services };
}

/** Does something so many times, and prints how long that took, in milliseconds: not the start of the process. */
export async function timed(count, action) {
  // A tenth as often before: what is loaded and compiled on the way does not count either.
  for (let number = count / -10; number <= 0; number++) await action(number);
  const startedMs = performance.now();
  for (let number = 1; number <= count; number++) await action(number);
  console.log(performance.now() - startedMs);
}
