// Run and Copy on the lesson's code blocks.

import { make } from "../dom";
import { copyText } from "../terminal/clipboard";
import type { TerminalSession } from "../terminal/session";

const SHELLS = ["sh", "bash", "shell", "console"];
const SAID_MS = 1600;

export function initCodeBlocks(terminal: TerminalSession, showTerminal: () => void): void {
  for (const block of document.querySelectorAll<HTMLElement>(".prose pre")) {
    const code = block.querySelector("code") ?? block;
    const language = languageOf(block, code);
    const tools = make("div", { class: "code-tools" });
    const text = () => (code.textContent ?? "").replace(/\n$/, "");
    const command = language === "console" ? promptedLines(text()) : text();
    if (SHELLS.includes(language) && command !== "" && block.dataset["run"] !== "false") {
      tools.append(
        button("Run", "Run in the terminal", () => {
          showTerminal();
          const ran = terminal.run(command);
          if (ran) terminal.focus();
          return ran ? "Sent" : "No terminal";
        }),
      );
    }
    tools.append(
      button("Copy", "Copy to the clipboard", async () => {
        await copyText(language === "console" && command !== "" ? command : text());
        return "Copied";
      }),
    );
    const frame = make("div", { class: "code" });
    block.replaceWith(frame);
    frame.append(block, tools);
    // Long lines scroll sideways; the keyboard must be able to do that too.
    if (block.scrollWidth > block.clientWidth) block.tabIndex = 0;
  }
}

function languageOf(block: HTMLElement, code: HTMLElement): string {
  const named = block.dataset["lang"] ?? code.dataset["lang"];
  if (named) return named;
  const classes = [...block.classList, ...code.classList];
  return classes.find((name) => name.startsWith("language-"))?.slice("language-".length) ?? "";
}

/** Of a transcript, what was typed. */
function promptedLines(text: string): string {
  const typed = text.split("\n").filter((line) => /^[$#] /.test(line));
  return typed.map((line) => line.slice(2)).join("\n");
}

function button(label: string, description: string, act: () => string | Promise<string>): HTMLElement {
  const element = make("button", { type: "button", "aria-label": description, title: description }, label);
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
