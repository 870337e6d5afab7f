// Lesson and terminal side by side with a divider between them, or one at a time on a narrow page.

import { need } from "../dom";
import { recall, remember } from "../storage";

export type Pane = "lesson" | "terminal";

const SMALLEST_PERCENT = 25;
const LARGEST_PERCENT = 75;
const STEP_PERCENT = 2;
const DEFAULT_PERCENT = 40;
const narrow = matchMedia("(max-width: 760px)");

/** The split view. */
export class Layout {
  readonly #split = need("[data-split]");
  readonly #divider = need("[data-divider]");
  readonly #tabs = document.querySelectorAll<HTMLButtonElement>("[data-tab]");

  constructor() {
    this.#setWidth(Number(recall("split")) || DEFAULT_PERCENT);
    this.#initDivider();
    for (const tab of this.#tabs) {
      tab.addEventListener("click", () => this.show(tab.dataset["tab"] as Pane));
    }
    // A link into the lesson shows the lesson.
    document.addEventListener("click", (event) => {
      const link = (event.target as Element).closest?.('a[href^="#"]');
      if (link && !link.hasAttribute("data-skip-terminal")) this.show("lesson");
    });
  }

  /** On a narrow page, brings this pane to the front; on a wide one both are there anyway. */
  show(pane: Pane): void {
    this.#split.dataset["shown"] = pane;
    for (const tab of this.#tabs) {
      tab.setAttribute("aria-pressed", `${tab.dataset["tab"] === pane}`);
    }
  }

  get isNarrow(): boolean {
    return narrow.matches;
  }

  #setWidth(percent: number): void {
    const width = Math.max(SMALLEST_PERCENT, Math.min(percent, LARGEST_PERCENT));
    this.#split.style.setProperty("--lesson-width", `${width}%`);
    this.#divider.setAttribute("aria-valuenow", `${Math.round(width)}`);
  }

  get #width(): number {
    return Number(this.#divider.getAttribute("aria-valuenow"));
  }

  #initDivider(): void {
    const divider = this.#divider;
    const settle = (percent: number) => {
      this.#setWidth(percent);
      remember("split", `${this.#width}`);
    };
    divider.addEventListener("keydown", (event) => {
      const targets: Record<string, number> = {
        ArrowLeft: this.#width - STEP_PERCENT,
        ArrowRight: this.#width + STEP_PERCENT,
        Home: SMALLEST_PERCENT,
        End: LARGEST_PERCENT,
        Enter: DEFAULT_PERCENT,
      };
      const target = targets[event.key];
      if (target === undefined) return;
      event.preventDefault();
      settle(target);
    });
    divider.addEventListener("dblclick", () => settle(DEFAULT_PERCENT));
    divider.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      divider.focus();
      divider.setPointerCapture(event.pointerId);
      divider.classList.add("dragging");
      const box = this.#split.getBoundingClientRect();
      const move = (at: PointerEvent) => this.#setWidth(((at.clientX - box.left) / box.width) * 100);
      const end = () => {
        divider.removeEventListener("pointermove", move);
        divider.classList.remove("dragging");
        settle(this.#width);
      };
      divider.addEventListener("pointermove", move);
      divider.addEventListener("lostpointercapture", end, { once: true });
    });
  }
}
