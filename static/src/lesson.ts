// The lesson page: the lesson's text and exercises beside the learner's terminal.

import { need } from "./dom";
import { initCodeBlocks } from "./lesson/code-blocks";
import { initExercises } from "./lesson/exercises";
import { Layout } from "./lesson/layout";
import { Machine } from "./lesson/machine";
import { TerminalSession } from "./terminal/session";
import { initThemeToggle } from "./theme-toggle";

const lessonPane = need("[data-lesson]");
const lesson = lessonPane.dataset["lesson"] ?? "";
const pane = need("[data-terminal-pane]");

initThemeToggle();
const layout = new Layout();
const terminal: TerminalSession = new TerminalSession(pane, {
  leave: () => {
    layout.show("lesson");
    lessonPane.focus();
  },
  ended: () => void machine.lost(),
});
const machine = new Machine(lesson, terminal);
const enterTerminal = () => {
  layout.show("terminal");
  terminal.focus();
};

initExercises(lesson);
initCodeBlocks(terminal, () => layout.show("terminal"));
need("[data-skip-terminal]").addEventListener("click", (event) => {
  event.preventDefault();
  enterTerminal();
});
need('[data-tab="terminal"]').addEventListener("click", enterTerminal);
document.addEventListener("keydown", (event) => {
  const { code, ctrlKey, shiftKey, metaKey } = event;
  if (pane.contains(event.target as Node)) return;
  if (code === "ArrowDown" && ((ctrlKey && shiftKey) || (metaKey && shiftKey))) {
    event.preventDefault();
    enterTerminal();
  }
});

// What is on the screen, for tests and for scripts that drive the page.
Object.assign(need("[data-terminal]", pane), {
  readText: () => terminal.screen.readText(),
});

void machine.start();
