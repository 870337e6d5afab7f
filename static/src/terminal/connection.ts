// The terminal's websocket: opened, kept open, and opened again when the line drops.

import * as frames from "./frames";
import type { ServerFrame, Size } from "./frames";

export type LineState =
  | { kind: "connecting" }
  | { kind: "open" }
  | { kind: "waiting"; seconds: number }
  | { kind: "ended" };

export interface ConnectionEvents {
  /** `drawn` is to be called once an output frame is on the screen: the server waits for it. */
  onFrame(frame: ServerFrame, drawn: () => void): void;
  onState(state: LineState): void;
  /** The window's size now, for the address of a new connection. */
  size(): Size;
}

/** The server has ended the sandbox: no use in trying again. */
const CLOSE_ENDED = 4404;
const CLOSE_REPLACED = 4000;

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 10_000;
/** Input is cut into pieces, each well below the server's largest message. */
const LARGEST_INPUT = 16 * 1024;
/** Drawn output is reported in steps of this many bytes; the server allows 256 KiB unreported. */
const ACK_STEP = 32 * 1024;
/** Beyond this much unsent input, more is refused rather than piled up. */
const MOST_UNSENT = 1024 * 1024;

export class Connection {
  #socket: WebSocket | null = null;
  #retry: number | undefined;
  #failures = 0;
  #stopped = false;
  /** The shell has ended; the next connection would start another, which the reader decides. */
  #shellEnded = false;
  #unreported = 0;
  readonly #wake = () => {
    if (document.visibilityState === "visible") this.#retryNow();
  };

  constructor(
    private readonly sandboxId: string,
    private readonly events: ConnectionEvents,
  ) {
    addEventListener("online", this.#wake);
    document.addEventListener("visibilitychange", this.#wake);
    this.#open();
  }

  get isOpen(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Returns false when it could not be sent, so that the reader can be told. */
  input(bytes: Uint8Array): boolean {
    const socket = this.#socket;
    if (!socket || !this.isOpen) return false;
    if (socket.bufferedAmount + bytes.length > MOST_UNSENT) return false;
    for (let at = 0; at < bytes.length; at += LARGEST_INPUT) {
      socket.send(frames.input(bytes.subarray(at, at + LARGEST_INPUT)));
    }
    return true;
  }

  resize(size: Size): void {
    if (this.isOpen) this.#socket?.send(frames.resize(size));
  }

  /** Drops the line and opens it again at once: after a shell's end this starts a new shell. */
  reopen(): void {
    this.#abandon();
    this.#failures = 0;
    this.#open();
  }

  /** Ends it for good. */
  close(): void {
    this.#stopped = true;
    removeEventListener("online", this.#wake);
    document.removeEventListener("visibilitychange", this.#wake);
    this.#abandon();
  }

  #abandon(): void {
    clearTimeout(this.#retry);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(CLOSE_REPLACED);
  }

  #open(): void {
    if (this.#stopped) return;
    this.#retry = undefined;
    this.#shellEnded = false;
    this.#unreported = 0;
    this.events.onState({ kind: "connecting" });
    const { cols, rows } = this.events.size();
    const query = new URLSearchParams({ name: "main", cols: `${cols}`, rows: `${rows}` });
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const path = `/ws/terminal/${encodeURIComponent(this.sandboxId)}`;
    const socket = new WebSocket(`${scheme}//${location.host}${path}?${query}`);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    socket.onopen = () => {
      if (socket === this.#socket) this.events.onState({ kind: "open" });
    };
    socket.onmessage = (event: MessageEvent<ArrayBuffer>) => {
      if (socket !== this.#socket) return;
      this.#failures = 0;
      const frame = frames.decode(event.data);
      if (!frame) return;
      if (frame.kind === "exit") this.#shellEnded = true;
      const size = frame.kind === "output" ? frame.bytes.length : 0;
      this.events.onFrame(frame, () => {
        if (socket === this.#socket) this.#report(size);
      });
    };
    socket.onclose = (event) => {
      if (socket !== this.#socket) return;
      this.#socket = null;
      if (event.code === CLOSE_ENDED) {
        this.#stopped = true;
        this.events.onState({ kind: "ended" });
      } else if (!this.#shellEnded) {
        this.#retryLater();
      }
    };
  }

  #report(bytes: number): void {
    this.#unreported += bytes;
    if (this.#unreported < ACK_STEP || !this.isOpen) return;
    this.#socket?.send(frames.ack(this.#unreported));
    this.#unreported = 0;
  }

  #retryLater(): void {
    const backoff = Math.min(FIRST_WAIT_MS * 2 ** this.#failures, LONGEST_WAIT_MS);
    // Some spread, so that a restarted server is not met by everyone at once.
    const wait = backoff * (0.75 + Math.random() / 2);
    this.#failures += 1;
    this.events.onState({ kind: "waiting", seconds: Math.ceil(wait / 1000) });
    this.#retry = setTimeout(() => this.#open(), wait);
  }

  #retryNow(): void {
    if (this.#retry === undefined || this.#stopped) return;
    clearTimeout(this.#retry);
    this.#open();
  }
}
