/**
 * The streams of a plumbing command: standard output that cannot be written to is told in git's words, and what names
 * from a repository hold cannot act on the terminal that shows a message.
 *
 * @module
 */
import { GitExit } from "./context.ts";
import { escapeGitMessage } from "../escape.ts";
import { ClosedOutputError, type Streams } from "../../platform/streams.ts";

/** What strerror(3) says of the errors that a full or failing disk gives. */
const SYSTEM_WORDS: Readonly<Record<string, string>> = {
  EBADF: "Bad file descriptor",
  EDQUOT: "Disk quota exceeded",
  EFBIG: "File too large",
  EIO: "Input/output error",
  ENOSPC: "No space left on device",
};

/**
 * The same streams, as git has them: `write` ends the command when its output is lost, messages are made harmless.
 *
 * @returns Streams whose `write` throws {@link GitExit} (128) for a failure that the system names.
 */
export function gitStreams(streams: Streams): Streams {
  return Object.assign(Object.create(streams) as Streams, {
    writeError(text: string): void {
      streams.writeError(escapeGitMessage(text));
    },

    write(bytes: Uint8Array): void {
      try {
        streams.write(bytes);
      } catch (error) {
        const code = (error as { code?: unknown }).code;
        if (error instanceof ClosedOutputError || typeof code !== "string") throw error;
        throw new GitExit(128, `fatal: write failure on standard output: ${SYSTEM_WORDS[code] ?? code}`);
      }
    },
  });
}
