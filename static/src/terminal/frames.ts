// The binary messages of the terminal's websocket: one opcode byte, then the payload.
// The server's side of this is `server/terminal/frame.rs`.

export interface Size {
  cols: number;
  rows: number;
}

export type ServerFrame =
  | { kind: "replay"; bytes: Uint8Array }
  | { kind: "output"; bytes: Uint8Array }
  | { kind: "exit"; code: number }
  | { kind: "message"; text: string };

const INPUT = 0x69; // i
const RESIZE = 0x72; // r
const ACK = 0x61; // a
const REPLAY = 0x68; // h
const OUTPUT = 0x6f; // o
const EXIT = 0x78; // x
const MESSAGE = 0x6d; // m

export function input(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(1 + bytes.length);
  frame[0] = INPUT;
  frame.set(bytes, 1);
  return frame;
}

export function resize(size: Size): Uint8Array<ArrayBuffer> {
  const frame = new DataView(new ArrayBuffer(5));
  frame.setUint8(0, RESIZE);
  frame.setUint16(1, size.cols);
  frame.setUint16(3, size.rows);
  return new Uint8Array(frame.buffer);
}

/** Tells that `bytes` more bytes of output have been drawn. */
export function ack(bytes: number): Uint8Array<ArrayBuffer> {
  const frame = new DataView(new ArrayBuffer(5));
  frame.setUint8(0, ACK);
  frame.setUint32(1, bytes);
  return new Uint8Array(frame.buffer);
}

/** `null` for a message that this page does not know: a newer server may send some. */
export function decode(data: ArrayBuffer): ServerFrame | null {
  const bytes = new Uint8Array(data);
  const body = bytes.subarray(1);
  switch (bytes[0]) {
    case REPLAY:
      return { kind: "replay", bytes: body };
    case OUTPUT:
      return { kind: "output", bytes: body };
    case EXIT:
      return body.length < 4 ? null : { kind: "exit", code: new DataView(data).getInt32(1) };
    case MESSAGE:
      return { kind: "message", text: new TextDecoder().decode(body) };
    default:
      return null;
  }
}
