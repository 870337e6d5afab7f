// A row of keys that a phone's keyboard lacks.

import { make } from "../dom";
import type { Screen } from "./screen";

const ESC = "\x1b";

/** Arrow keys are told apart by mode, as a real keyboard's are. */
const KEYS: [label: string, name: string, plain: string, application?: string][] = [
  ["Esc", "Escape", ESC],
  ["Tab", "Tab", "\t"],
  ["↑", "Up", `${ESC}[A`, `${ESC}OA`],
  ["↓", "Down", `${ESC}[B`, `${ESC}OB`],
  ["←", "Left", `${ESC}[D`, `${ESC}OD`],
  ["→", "Right", `${ESC}[C`, `${ESC}OC`],
  ["/", "Slash", "/"],
  ["|", "Pipe", "|"],
  ["-", "Dash", "-"],
];

/** Fills the row. Ctrl stays pressed until the next key. */
export function initTouchKeys(row: HTMLElement, screen: Screen): void {
  const { terminal } = screen;
  const ctrl = make("button", { type: "button", "aria-pressed": "false" }, "Ctrl");
  const held = () => ctrl.getAttribute("aria-pressed") === "true";
  const hold = (on: boolean) => ctrl.setAttribute("aria-pressed", `${on}`);
  ctrl.addEventListener("click", () => hold(!held()));
  row.append(ctrl);
  for (const [label, name, plain, application] of KEYS) {
    const key = make("button", { type: "button", "aria-label": name }, label);
    key.addEventListener("click", () => {
      const sequence = terminal.modes.applicationCursorKeysMode ? (application ?? plain) : plain;
      terminal.input(sequence);
      hold(false);
    });
    row.append(key);
  }
  // The phone's keyboard stays up: a press must not take the focus from the terminal.
  row.addEventListener("pointerdown", (event) => {
    if (document.activeElement === terminal.textarea) event.preventDefault();
  });

  // While Ctrl is held, the next letter becomes its control character.
  terminal.textarea?.addEventListener(
    "beforeinput",
    (event) => {
      const letter = event.data ?? "";
      if (!held() || !/^[a-z@[\\\]^_]$/i.test(letter)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      hold(false);
      terminal.input(String.fromCharCode(letter.toUpperCase().charCodeAt(0) & 0x1f));
    },
    { capture: true },
  );
}
