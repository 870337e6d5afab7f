// One sandbox's shell on the page: joins the screen, the line and the notice over them.

import { need } from "../dom";
import { initShortcuts, shortcutHelp } from "./clipboard";
import { Connection, type LineState } from "./connection";
import { initFind } from "./find";
import type { ServerFrame } from "./frames";
import { Notice } from "./notice";
import { Screen } from "./screen";
import { initTouchKeys } from "./touch-keys";

/** A line that is back sooner than this is not worth a word. */
const PATIENCE_MS = 800;

export interface SessionEvents {
  /** The reader pressed the keys that leave the terminal. */
  leave(): void;
  /** The sandbox is gone. */
  ended(): void;
}

export class TerminalSession {
  readonly screen: Screen;
  readonly notice: Notice;
  #line: Connection | null = null;
  #lineState: LineState = { kind: "ended" };
  #patience: number | undefined;
  #shellEnded = false;

  constructor(
    pane: HTMLElement,
    private readonly events: SessionEvents,
  ) {
    const host = need("[data-terminal]", pane);
    this.notice = new Notice(pane);
    this.screen = new Screen(host, {
      onInput: (bytes) => this.#input(bytes),
      onResize: (size) => this.#line?.resize(size),
    });
    const find = initFind(this.screen, pane);
    initShortcuts(this.screen, host, { leave: () => events.leave(), find });
    initTouchKeys(need("[data-keys]", pane), this.screen);
    need("[data-terminal-help]", pane).textContent = shortcutHelp();
    // Another tab may have given the shell its own size.
    this.screen.terminal.textarea?.addEventListener("focus", () =>
      this.#line?.resize(this.screen.size),
    );
  }

  /** Whether typing reaches a shell. */
  get isOpen(): boolean {
    return this.#line?.isOpen === true && !this.#shellEnded;
  }

  /** Whether there is a line to a sandbox, or one is being made. */
  get isConnected(): boolean {
    return this.#line !== null;
  }

  focus(): void {
    this.screen.terminal.focus();
  }

  /** Shows the shell of this sandbox. */
  connect(sandboxId: string): void {
    this.disconnect();
    this.notice.hide();
    this.#line = new Connection(sandboxId, {
      onFrame: (frame, drawn) => this.#receive(frame, drawn),
      onState: (state) => this.#changed(state),
      size: () => this.screen.size,
    });
  }

  disconnect(): void {
    this.#line?.close();
    this.#line = null;
    clearTimeout(this.#patience);
    this.#patience = undefined;
  }

  /** Types a command and runs it. */
  run(command: string): boolean {
    if (!this.isOpen) return false;
    this.screen.terminal.scrollToBottom();
    this.screen.paste(command);
    this.screen.terminal.input("\r");
    return true;
  }

  #receive(frame: ServerFrame, drawn: () => void): void {
    switch (frame.kind) {
      case "replay":
        this.#shellEnded = false;
        this.#connected();
        this.screen.replay(frame.bytes);
        break;
      case "output":
        this.screen.write(frame.bytes, drawn);
        break;
      case "exit":
        this.#shellEnded = true;
        this.screen.note(`The shell ended with code ${frame.code}. Press Enter for a new one.`);
        break;
      case "message":
        this.notice.say(frame.text);
        break;
    }
  }

  #input(bytes: Uint8Array): void {
    if (this.#shellEnded) {
      // Enter, and nothing else, so that what was typed blindly does not land in a new shell.
      if (bytes.length === 1 && bytes[0] === 0x0d) this.#line?.reopen();
      return;
    }
    if (this.#line?.input(bytes) || bytes.length === 0) return;
    if (this.#lineState.kind === "open") {
      this.notice.say("That was too much at once, and was not sent. Paste it in smaller pieces.");
    }
  }

  #changed(state: LineState): void {
    this.#lineState = state;
    if (state.kind === "ended") {
      this.disconnect();
      this.events.ended();
    } else if (state.kind === "waiting") {
      this.#patience ??= setTimeout(() => {
        const text = "The line to your sandbox dropped. Connecting again…";
        this.notice.show(text, "Connect now", () => this.#line?.reopen());
      }, PATIENCE_MS);
    }
  }

  #connected(): void {
    clearTimeout(this.#patience);
    this.#patience = undefined;
    this.notice.hide();
  }
}
