/**
 * A network between a client and a server that can be cut: at any time, before something arrives, or before its answer does.
 *
 * @module
 */
import { createConnection, createServer, type Server, type Socket } from "node:net";

/** What becomes of bytes that the client sends. */
export type Fate =
  /** They arrive. */
  | "pass"
  /** The connection is cut, and they do not arrive. */
  | "cut before"
  /** They arrive; when the server answers, the connection is cut instead. */
  | "cut after"
  /** They arrive; from then on nothing comes back, and nobody is told. */
  | "silence"
  /** They arrive; what comes back is kept until it is let go. */
  | "hold";

/** Passes connections on to a port of this machine. */
export class TcpProxy {
  /** Decides about what the client sends. */
  judge: (bytes: string) => Fate = () => "pass";
  /** Whether connections are closed at once. */
  isDown = false;
  private readonly sockets = new Set<Socket>();
  private readonly held: (() => void)[] = [];

  private constructor(private readonly server: Server, readonly port: number) {}

  /** Begins to listen. */
  static async start(target: number): Promise<TcpProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const proxy = new TcpProxy(server, (server.address() as { port: number }).port);
    server.on("connection", (client) => proxy.pass(client, target));
    return proxy;
  }

  /** Lets go what was kept. */
  letGo(): void {
    for (const pass of this.held.splice(0)) pass();
  }

  /** Cuts all connections. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** Ends. */
  close(): void {
    this.cut();
    this.server.close();
  }

  private pass(client: Socket, target: number): void {
    if (this.isDown) return void client.destroy();
    const upstream = createConnection(target, "127.0.0.1");
    let answers: "pass" | "cut" | "drop" | "hold" = "pass";
    const both = [client, upstream];
    for (const socket of both) {
      this.sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        this.sockets.delete(socket);
        for (const other of both) other.destroy();
      });
    }
    const cut = () => both.forEach((socket) => socket.destroy());
    client.on("data", (bytes: Uint8Array) => {
      const fate = this.judge(new TextDecoder("latin1").decode(bytes));
      if (fate === "cut before") return cut();
      if (fate === "cut after") answers = "cut";
      if (fate === "silence") answers = "drop";
      if (fate === "hold") {
        answers = "hold";
        this.held.push(() => answers = "pass");
      }
      upstream.write(bytes);
    });
    upstream.on("data", (bytes: Uint8Array) => {
      if (answers === "cut") cut();
      else if (answers === "hold") this.held.push(() => client.write(bytes));
      else if (answers === "pass") client.write(bytes);
    });
  }
}
