// The page's one dialog: a question with buttons.

import { make, need } from "../dom";

export interface Question {
  title: string;
  text: string;
  /** The last one is the main one. Escape answers with the first. */
  choices: { label: string; value: string; kind?: "primary" | "danger" }[];
}

/** Asks, and resolves with the value of the chosen button. */
export function ask(question: Question): Promise<string> {
  const dialog = need<HTMLDialogElement>("[data-dialog]");
  need("[data-dialog-title]", dialog).textContent = question.title;
  need("[data-dialog-text]", dialog).textContent = question.text;
  const actions = need("[data-dialog-actions]", dialog);
  const buttons = question.choices.map(({ label, value, kind }) => {
    const button = make("button", { type: "button", class: `button ${kind ?? ""}` }, label);
    button.addEventListener("click", () => dialog.close(value));
    return button;
  });
  actions.replaceChildren(...buttons);
  dialog.returnValue = question.choices[0]?.value ?? "";
  dialog.showModal();
  buttons[0]?.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true });
  });
}
