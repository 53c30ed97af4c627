/**
 * An open file of the simulated disk.
 *
 * @module
 */
import { DiskError, type FileStat, type OpenFile } from "../../src/platform/disk.ts";
import type { SimDisk } from "./sim_disk.ts";

/** How a file was opened: only to read, or also to write at its end. */
export type OpenMode = "read" | "append";

/** An open file; it names an inode, so renaming or removing its path changes nothing for it. */
export class SimFile implements OpenFile {
  private open = true;

  constructor(
    private readonly disk: SimDisk,
    readonly path: string,
    private readonly ino: number,
    private readonly mode: OpenMode,
  ) {
    disk.openFiles++;
  }

  readAt(buffer: Uint8Array, position: number): number {
    return this.call("file.readAt", "read", () => {
      const { birth, content } = this.disk.storage.visible.get(this.ino)!;
      if (birth.kind === "directory") throw new DiskError("EISDIR", "read", this.path);
      const bytes = content.subarray(position, position + buffer.length);
      buffer.set(bytes);
      return bytes.length;
    });
  }

  write(bytes: Uint8Array): void {
    let rest = bytes;
    const put = (count: number): void => {
      this.put(rest.subarray(0, count));
      rest = rest.subarray(count);
    };
    const half = bytes.length > 1 ? { half: () => put(bytes.length >> 1) } : {};
    this.call("file.write", "write", () => put(rest.length), {
      bytes: bytes.length,
      partly: (count) => put(Math.min(count ?? bytes.length >> 1, bytes.length)),
      ...half,
    });
  }

  truncate(length: number): void {
    this.call("file.truncate", "cut", () => {
      if (this.mode === "read") throw new DiskError("EINVAL", "cut", this.path);
      this.disk.storage.truncate(this.ino, length, this.path);
    });
  }

  sync(): void {
    this.call("file.sync", "flush", () => this.disk.storage.flush(this.ino));
  }

  stat(): FileStat {
    return this.call("file.stat", "examine", () => this.disk.statOf(this.ino));
  }

  /** Closes the file. When the process is dead this does nothing: the kernel has closed it. */
  close(): void {
    if (!this.open) return;
    this.open = false;
    this.disk.openFiles--;
    if (!this.disk.isDead) this.disk.call("file.close", this.path, () => {});
  }

  [Symbol.dispose](): void {
    this.close();
  }

  private put(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.mode === "read") throw new DiskError("EBADF", "write", this.path);
    const { storage } = this.disk;
    storage.write(this.ino, storage.visible.get(this.ino)!.content.length, bytes, this.path);
  }

  private call<T>(operation: string, action: string, body: () => T, more?: Parameters<SimDisk["call"]>[3]): T {
    return this.disk.call(operation, this.path, () => {
      if (!this.open) throw new DiskError("EBADF", action, this.path);
      return body();
    }, more);
  }
}
