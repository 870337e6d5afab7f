// Run and Copy on the lesson's code blocks.

import { make } from "../dom";
import { copyText } from "../terminal/clipboard";
import type { TerminalSession } from "../terminal/session";

const SAID_MS = 1600;

/** Blocks with `data-run` get a Run button, all but a program's output get a Copy button. */
export function initCodeBlocks(terminal: TerminalSession, showTerminal: () => void): void {
  for (const block of document.querySelectorAll<HTMLElement>(".prose pre")) {
    // Long lines scroll sideways; the keyboard must be able to do that too.
    if (block.scrollWidth > block.clientWidth) block.tabIndex = 0;
    if (block.classList.contains("output")) continue;
    const command = block.dataset["run"];
    const tools = make("div", { class: "code-tools" });
    if (command !== undefined) {
      const run = button("Run", "Run in the terminal", () => {
        showTerminal();
        const ran = terminal.run(command);
        if (ran) terminal.focus();
        return ran ? "Sent" : "No terminal";
      });
      tools.append(run);
      // A click on the command itself does the same, unless it is part of selecting text.
      block.addEventListener("click", (event) => {
        if (event.detail < 2 && getSelection()?.isCollapsed !== false) run.click();
      });
    }
    tools.append(
      button("Copy", "Copy to the clipboard", async () => {
        await copyText(command ?? (block.textContent ?? "").trimEnd());
        return "Copied";
      }),
    );
    const frame = make("div", { class: "code-block" });
    block.replaceWith(frame);
    frame.append(block, tools);
  }
}

type Act = () => string | Promise<string>;

/** A button that says for a moment what came of it. */
function button(label: string, description: string, act: Act): HTMLElement {
  const element = make(
    "button",
    { type: "button", title: description, "data-act": label.toLowerCase() },
    label,
  );
  let timer: number | undefined;
  element.addEventListener("click", async () => {
    let said: string;
    try {
      said = await act();
    } catch {
      said = "Failed";
    }
    element.textContent = said;
    clearTimeout(timer);
    timer = setTimeout(() => (element.textContent = label), SAID_MS);
  });
  return element;
}
