// xterm.js as this page wants it: addons, theme, size, and output drawn live or replayed.

import { FitAddon } from "@xterm/addon-fit";
import { SearchAddon } from "@xterm/addon-search";
import { Unicode11Addon } from "@xterm/addon-unicode11";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { WebglAddon } from "@xterm/addon-webgl";
import { Terminal } from "@xterm/xterm";

import { currentTheme, onThemeChange } from "../theme-toggle";
import type { Size } from "./frames";
import { palette } from "./palette";
import { guardReports } from "./reports";
import { allowStrictStyles } from "./strict-styles";

const FONT = 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace';
const SCROLLBACK_LINES = 5000;
/** What the server accepts as a window's side. */
const SMALLEST = 2;
const LARGEST = 1000;

export interface ScreenEvents {
  /** Typed or pasted, as the terminal encodes it. */
  onInput(bytes: Uint8Array): void;
  onResize(size: Size): void;
}

export class Screen {
  readonly terminal: Terminal;
  readonly search = new SearchAddon();
  readonly #fit = new FitAddon();
  readonly #host: HTMLElement;
  /** False while old output is drawn: nothing that it asks for is answered. */
  #live = false;
  #replays = 0;
  #fitQueued = false;

  constructor(host: HTMLElement, events: ScreenEvents) {
    this.#host = host;
    allowStrictStyles();
    const terminal = new Terminal({
      allowProposedApi: true, // for unicode11 and the search decorations
      cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      fontFamily: FONT,
      fontSize: innerWidth < 1600 ? 13 : 14,
      lineHeight: 1.2,
      macOptionIsMeta: true,
      minimumContrastRatio: 4.5,
      scrollback: SCROLLBACK_LINES,
      theme: palette(currentTheme()),
    });
    this.terminal = terminal;
    terminal.loadAddon(this.#fit);
    terminal.loadAddon(this.search);
    terminal.loadAddon(new WebLinksAddon());
    terminal.loadAddon(new Unicode11Addon());
    terminal.unicode.activeVersion = "11";

    const encoder = new TextEncoder();
    const send = (text: string) => events.onInput(encoder.encode(text));
    const mayAnswer = () => this.#live && document.hasFocus();
    guardReports(terminal, mayAnswer, send);
    terminal.onData((text) => {
      if (this.#live) send(text);
    });
    // Old mouse encodings: one byte per character.
    terminal.onBinary((text) => {
      if (this.#live) events.onInput(Uint8Array.from(text, (char) => char.charCodeAt(0)));
    });
    terminal.onResize((size) => events.onResize(size));

    terminal.open(host);
    this.#useWebgl();
    terminal.textarea?.setAttribute("aria-describedby", "terminal-help");
    onThemeChange((theme) => {
      terminal.options.theme = palette(theme);
    });
    new ResizeObserver(() => this.fit()).observe(host);
    this.#fitNow();
    void document.fonts.ready.then(() => this.fit());
  }

  get size(): Size {
    return { cols: this.terminal.cols, rows: this.terminal.rows };
  }

  /** Draws output; `drawn` is called once it is on the screen. */
  write(bytes: Uint8Array, drawn: () => void): void {
    this.terminal.write(bytes, drawn);
  }

  /** Forgets the screen and draws what was on it, from the server's memory. */
  replay(bytes: Uint8Array): void {
    this.#live = false;
    this.#replays += 1;
    const mine = this.#replays;
    this.terminal.reset();
    this.terminal.write(bytes, () => {
      if (mine === this.#replays) this.#live = true;
    });
  }

  /** A line of the page's own, between the program's. */
  note(text: string): void {
    this.terminal.write(`\r\n\x1b[0;2m${text}\x1b[0m\r\n`);
  }

  /** Types `text` as if pasted; programs that know bracketed paste can tell. */
  paste(text: string): void {
    // Control characters could end the bracket and run the rest.
    this.terminal.paste(text.replace(/[^\P{Cc}\t\n\r]/gu, ""));
  }

  /** What is on the screen and above it, as text. */
  readText(): string {
    const buffer = this.terminal.buffer.active;
    const lines: string[] = [];
    for (let row = 0; row < buffer.length; row += 1) {
      const line = buffer.getLine(row);
      const text = line?.translateToString(true) ?? "";
      if (line?.isWrapped && lines.length > 0) lines[lines.length - 1] += text;
      else lines.push(text);
    }
    return lines.join("\n").trimEnd();
  }

  /** Fits the terminal to its pane, once per frame at most. */
  fit(): void {
    if (this.#fitQueued) return;
    this.#fitQueued = true;
    requestAnimationFrame(() => {
      this.#fitQueued = false;
      this.#fitNow();
    });
  }

  #fitNow(): void {
    if (this.#host.clientWidth === 0 || this.#host.clientHeight === 0) return;
    const size = this.#fit.proposeDimensions();
    if (!size || Number.isNaN(size.cols) || Number.isNaN(size.rows)) return;
    const clamp = (side: number) => Math.max(SMALLEST, Math.min(side, LARGEST));
    this.terminal.resize(clamp(size.cols), clamp(size.rows));
  }

  /**
   * WebGL draws fastest where a graphics card does it. Elsewhere, and when the card is lost,
   * xterm.js draws with elements, which is faster than WebGL in software.
   */
  #useWebgl(): void {
    if (!hasGraphicsCard()) return;
    try {
      const webgl = new WebglAddon();
      webgl.onContextLoss(() => webgl.dispose());
      this.terminal.loadAddon(webgl);
    } catch {
      // The elements it is, then.
    }
  }
}

function hasGraphicsCard(): boolean {
  const canvas = document.createElement("canvas");
  const gl = canvas.getContext("webgl2", { failIfMajorPerformanceCaveat: true });
  if (!gl) return false;
  // Some browsers draw in software without calling that a caveat.
  const names = gl.getExtension("WEBGL_debug_renderer_info");
  const name = names ? `${gl.getParameter(names.UNMASKED_RENDERER_WEBGL)}` : "";
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return !/swiftshader|llvmpipe|software|basic render/i.test(name);
}
