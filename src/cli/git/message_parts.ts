/**
 * The parts of a commit or annotated tag that scripts ask for: header fields, subject, body, signature.
 *
 * @module
 */

/** A message, taken apart. All texts are parts of the object as it stands. */
export interface MessageParts {
  /** The message from its first line that is not empty to the end of the object. */
  readonly contents: string;
  /** First paragraph, without its final newline. */
  readonly subject: string;
  /** What follows the subject, signature included. */
  readonly bodyAndSignature: string;
  /** What follows the subject, up to the signature. */
  readonly body: string;
  /** The signature at the end, or nothing. */
  readonly signature: string;
}

const SIGNATURE_STARTS = [
  "-----BEGIN PGP SIGNATURE-----",
  "-----BEGIN PGP MESSAGE-----",
  "-----BEGIN SIGNED MESSAGE-----",
  "-----BEGIN SSH SIGNATURE-----",
] as const;

/** Takes a commit or tag apart, as git does: whatever follows a NUL byte is not seen. */
export function parseMessage(object: string): MessageParts {
  const text = untilNul(object);
  const headerEnd = text.indexOf("\n\n");
  const start = skip(text, headerEnd < 0 ? text.length : headerEnd, "\n");
  const signatureStart = Math.max(start, findSignature(text, start));
  const subjectEnd = Math.min(signatureStart, paragraphEnd(text, start));
  const bodyStart = skip(text, subjectEnd, "\r\n");
  return {
    contents: text.slice(start),
    subject: text.slice(start, subjectEnd).replace(/[\r\n]+$/, ""),
    bodyAndSignature: text.slice(bodyStart),
    body: text.slice(bodyStart, Math.max(bodyStart, signatureStart)),
    signature: text.slice(findSignature(text, 0)),
  };
}

/** The value of the first header line with a name, or `null`. */
export function headerLine(object: string, name: string): string | null {
  const text = untilNul(object);
  for (let at = 0; at < text.length && text[at] !== "\n";) {
    const newline = text.indexOf("\n", at);
    const end = newline < 0 ? text.length : newline;
    if (text.startsWith(`${name} `, at)) return text.slice(at + name.length + 1, end);
    at = end + 1;
  }
  return null;
}

/** A subject as one line. */
export function oneLine(subject: string): string {
  return subject.replace(/\r?\n/g, " ");
}

/** A subject as a file name, as git-format-patch makes it. */
export function sanitizedSubject(subject: string): string {
  let name = "";
  let gap = false;
  for (let i = 0; i < subject.length; i++) {
    const letter = subject[i]!;
    if (!/[0-9A-Za-z._]/.test(letter)) {
      gap = true;
      continue;
    }
    if (gap && name !== "") name += "-";
    gap = false;
    name += letter;
    while (letter === "." && subject[i + 1] === ".") i++;
  }
  return name.replace(/[.-]+$/, "");
}

/** The first lines of a text, the further ones indented as git-tag lists them. */
export function firstLines(text: string, count: number): string {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.slice(0, count).join("\n    ");
}

function untilNul(text: string): string {
  const end = text.indexOf("\0");
  return end < 0 ? text : text.slice(0, end);
}

function skip(text: string, from: number, letters: string): number {
  let at = from;
  while (at < text.length && letters.includes(text[at]!)) at++;
  return at;
}

function paragraphEnd(text: string, start: number): number {
  const plain = text.indexOf("\n\n", start);
  if (plain >= 0) return plain;
  const windows = text.indexOf("\r\n\r\n", start);
  return windows < 0 ? text.length : windows;
}

/** Where the last line begins that opens a signature; the length of the text when none does. */
function findSignature(text: string, from: number): number {
  let best = -1;
  for (const opening of SIGNATURE_STARTS) {
    let at = text.lastIndexOf(opening);
    while (at > from && text[at - 1] !== "\n") at = text.lastIndexOf(opening, at - 1);
    if (at >= from) best = Math.max(best, at);
  }
  return best < 0 ? text.length : best;
}
