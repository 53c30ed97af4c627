import type * as z from "zod";

type Service = { name: string; image: string; replicas: number; healthy: boolean; tags: string[] };
type Document = { revision: number; services: Service[] };

export const Environment: z.ZodType<Document>;
export function documentOf(bytes: number): Document;
export function timed(count: number, action: (number: number) => Promise<unknown>): Promise<void>;
