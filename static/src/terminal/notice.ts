// The strip over the terminal: what happened to the line or the sandbox, and what to do about it.

import { need } from "../dom";

const SAY_MS = 8000;

export class Notice {
  readonly #box: HTMLElement;
  readonly #text: HTMLElement;
  readonly #button: HTMLButtonElement;
  #action: (() => void) | null = null;
  #timer: number | undefined;

  constructor(pane: HTMLElement) {
    this.#box = need("[data-notice]", pane);
    this.#text = need("[data-notice-text]", pane);
    this.#button = need<HTMLButtonElement>("[data-notice-action]", pane);
    this.#button.addEventListener("click", () => this.#action?.());
  }

  /** Stays until it is hidden or replaced. */
  show(text: string, button?: string, action?: () => void): void {
    clearTimeout(this.#timer);
    this.#text.textContent = text;
    this.#button.hidden = button === undefined;
    this.#button.textContent = button ?? "";
    this.#action = action ?? null;
    this.#box.hidden = false;
  }

  /** Goes away by itself. */
  say(text: string): void {
    this.show(text);
    this.#timer = setTimeout(() => this.hide(), SAY_MS);
  }

  hide(): void {
    clearTimeout(this.#timer);
    this.#box.hidden = true;
  }
}
