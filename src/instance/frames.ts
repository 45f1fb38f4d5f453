/**
 * The console protocol's bytes (docs/guest-protocol.md): frames between init and the host on the
 * one serial line, with plain kernel text around them. The guest is not trusted: whatever it sends
 * becomes an event or text, never an error, and never more than one frame is held in memory.
 */

export const protocolVersion = 1;

const START = 0x02;
const END = 0x03;
const ESC = 0x10;
const LF = 0x0a;
const CR = 0x0d;
const FLIP = 0x40;
const SPECIAL = new Set([START, END, ESC, LF, CR, 0x11, 0x13]);

/** Bytes of one payload, before escaping. */
export const maxPayloadToHost = 4096;
export const maxPayloadToGuest = 1024;

/** How the application ended. */
export type ApplicationEnd =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: number };

/** A line of the kernel's log: its level (0 emergency … 7 debug) and time since its clock began. */
export interface KernelLine {
  readonly level: number;
  readonly microseconds: number;
  readonly text: string;
}

/** What init tells the user. `option` is the Kconfig option whose lack is the reason. */
export interface GuestMessage {
  readonly severity: 'info' | 'warning' | 'error';
  readonly option: string | undefined;
  readonly text: string;
}

export type GuestEvent =
  | { readonly kind: 'text'; readonly data: Buffer } // outside of frames: the kernel's console
  | { readonly kind: 'hello'; readonly version: number }
  | { readonly kind: 'stdout'; readonly data: Buffer }
  | { readonly kind: 'stderr'; readonly data: Buffer }
  | ({ readonly kind: 'kernel' } & KernelLine)
  | ({ readonly kind: 'message' } & GuestMessage)
  | { readonly kind: 'started'; readonly microseconds: number }
  | { readonly kind: 'credit'; readonly bytes: number }
  | { readonly kind: 'exit'; readonly end: ApplicationEnd };

/** One frame, ready for the line. @param type one ASCII letter. */
export function encodeFrame(type: string, payload: Uint8Array | string = ''): Buffer {
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
  const frame = Buffer.allocUnsafe(2 * bytes.length + 3);
  let at = 0;
  frame[at++] = START;
  frame[at++] = type.charCodeAt(0);
  for (const byte of bytes) {
    if (SPECIAL.has(byte)) {
      frame[at++] = ESC;
      frame[at++] = byte ^ FLIP;
    } else {
      frame[at++] = byte;
    }
  }
  frame[at++] = END;
  return frame.subarray(0, at);
}

/** Bytes for the application's stdin, as one frame; at most `maxPayloadToGuest` of them. */
export const stdinFrame = (data: Uint8Array): Buffer => encodeFrame('i', data);
export const stdinEndFrame = (): Buffer => encodeFrame('d');
/** @param signal its number in the guest, 1 … 64. */
export const signalFrame = (signal: number): Buffer => encodeFrame('g', String(signal));
export const windowSizeFrame = (rows: number, columns: number): Buffer =>
  encodeFrame('w', `${rows},${columns}`);

/** Turns the serial line's chunks, cut anywhere, into events in their order. */
export class FrameDecoder {
  /** The open frame: its type and payload, unescaped. */
  readonly #frame = Buffer.alloc(maxPayloadToHost + 1);
  #length = 0;
  #state: 'outside' | 'inside' | 'escaped' = 'outside';

  push(chunk: Uint8Array): GuestEvent[] {
    const events: GuestEvent[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (this.#state === 'outside') {
        const start = chunk.indexOf(START, at);
        const end = start < 0 ? chunk.length : start;
        addText(events, chunk.subarray(at, end));
        at = end + 1;
        if (start >= 0) this.#open();
      } else {
        this.#inside(chunk[at++] ?? 0, events);
      }
    }
    return events;
  }

  /** The line is closed: what is left of a torn frame. */
  end(): GuestEvent[] {
    const events: GuestEvent[] = [];
    this.#tear(events);
    return events;
  }

  #open(): void {
    this.#length = 0;
    this.#state = 'inside';
  }

  #inside(byte: number, events: GuestEvent[]): void {
    if (byte === END && this.#state === 'inside') {
      this.#close(events);
    } else if (byte === START) {
      this.#tear(events);
      this.#open();
    } else if (byte === ESC && this.#state === 'inside') {
      this.#state = 'escaped';
    } else {
      const value = this.#state === 'escaped' ? byte ^ FLIP : byte;
      const legal = SPECIAL.has(value) === (this.#state === 'escaped');
      if (legal && this.#length < this.#frame.length) {
        this.#frame[this.#length++] = value;
        this.#state = 'inside';
      } else {
        // The kernel printed into the frame (a bare newline), or it is no frame of ours at all.
        this.#tear(events);
        addText(events, Buffer.of(byte));
      }
    }
  }

  #close(events: GuestEvent[]): void {
    const payload = this.#frame.subarray(1, Math.max(1, this.#length));
    const event = this.#length === 0 ? undefined : parse(this.#frame[0] ?? 0, payload);
    if (event === undefined) {
      this.#tear(events);
    } else {
      events.push(event);
      this.#state = 'outside';
    }
  }

  /** What came of a frame that is none is text: it may be all a panic left. */
  #tear(events: GuestEvent[]): void {
    if (this.#state !== 'outside') addText(events, this.#frame.subarray(0, this.#length));
    this.#state = 'outside';
  }
}

function addText(events: GuestEvent[], data: Uint8Array): void {
  if (data.length > 0) events.push({ kind: 'text', data: Buffer.from(data) });
}

const severities = { i: 'info', w: 'warning', e: 'error' } as const;

/** The event of a frame; undefined when its type or payload is none of the protocol. */
function parse(type: number, payload: Buffer): GuestEvent | undefined {
  switch (String.fromCharCode(type)) {
    case 'o':
      return { kind: 'stdout', data: Buffer.from(payload) };
    case 'e':
      return { kind: 'stderr', data: Buffer.from(payload) };
    case 'h':
      return withNumber(payload, 1e6, (version) => ({ kind: 'hello', version }));
    case 's':
      return withNumber(payload, Number.MAX_SAFE_INTEGER, (microseconds) => {
        return { kind: 'started', microseconds };
      });
    case 'c':
      return withNumber(payload, 1e6, (bytes) => ({ kind: 'credit', bytes }));
    case 'k': {
      const match = /^([0-7]),(\d{1,15});([^]*)$/.exec(payload.toString());
      if (match === null) return undefined;
      const [, level, microseconds, text = ''] = match;
      return { kind: 'kernel', level: Number(level), microseconds: Number(microseconds), text };
    }
    case 'm': {
      const match = /^([iwe]);([A-Z0-9_]*);([^]*)$/.exec(payload.toString());
      if (match === null) return undefined;
      const [, severity, option, text = ''] = match;
      return {
        kind: 'message',
        severity: severities[severity as keyof typeof severities],
        option: option === '' ? undefined : option,
        text,
      };
    }
    case 'x':
      return parseEnd(payload);
    default:
      return undefined;
  }
}

function withNumber(
  payload: Buffer,
  max: number,
  make: (n: number) => GuestEvent,
): GuestEvent | undefined {
  const text = payload.toString('latin1');
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Infinity;
  return value <= max ? make(value) : undefined;
}

function parseEnd(payload: Buffer): GuestEvent | undefined {
  const match = /^([es])(\d{1,3})$/.exec(payload.toString('latin1'));
  const value = Number(match?.[2] ?? NaN);
  if (match?.[1] === 'e' && value <= 255) {
    return { kind: 'exit', end: { kind: 'exited', code: value } };
  }
  if (match?.[1] === 's' && value >= 1 && value <= 64) {
    return { kind: 'exit', end: { kind: 'signalled', signal: value } };
  }
  return undefined;
}
