// Check buttons: ask the server to look at the sandbox, show what it found, keep the progress shown.

import { ApiError, checkExercise } from "../api";
import type { ExerciseOutcome } from "../api";
import { need } from "../dom";
import { failure, outcome } from "./result";

const LABELS: Record<string, string> = {
  pass: "passed",
  fail: "not passed yet",
  "not-yet": "not yet",
  "grader-error": "could not be checked",
};

export function initExercises(lesson: string): void {
  for (const section of document.querySelectorAll<HTMLElement>("[data-exercise]")) {
    const button = need<HTMLButtonElement>("[data-check]", section);
    button.disabled = false;
    button.addEventListener("click", () => void check(lesson, section, button));
  }
}

async function check(lesson: string, section: HTMLElement, button: HTMLButtonElement): Promise<void> {
  if (button.getAttribute("aria-disabled") === "true") return;
  const id = section.dataset["exercise"] ?? "";
  const result = need("[data-result]", section);
  // Not `disabled`: that would take the focus away.
  button.setAttribute("aria-disabled", "true");
  button.textContent = "Checking…";
  try {
    const answer = await checkExercise(lesson, id);
    show(section, answer);
    result.replaceChildren(outcome(answer, nextStep(section)));
  } catch (error) {
    const words = error instanceof ApiError ? error.message : "The check could not be made.";
    result.replaceChildren(failure(words));
  } finally {
    button.removeAttribute("aria-disabled");
    button.textContent = section.dataset["status"] === "pass" ? "Check again" : "Check";
    result.scrollIntoView({ block: "nearest" });
  }
}

function show(section: HTMLElement, answer: ExerciseOutcome): void {
  // What was passed once stays passed, whatever the sandbox looks like now.
  const passedBefore = section.dataset["status"] === "pass" && answer.status !== "pass";
  if (!passedBefore) {
    const label = LABELS[answer.status] ?? answer.status;
    section.dataset["status"] = answer.status;
    need("[data-chip]", section).textContent = label;
    need("[data-points]", section).textContent = `${answer.points}`;
    const pip = document.querySelector<HTMLElement>(`[data-pip="${CSS.escape(answer.exercise)}"]`);
    if (pip) {
      pip.dataset["status"] = answer.status;
      need("[data-pip-label]", pip).textContent = `: ${pip.title}, ${label}`;
    }
  }
  const { done, total } = answer.progress;
  for (const text of document.querySelectorAll("[data-progress]")) {
    text.textContent = `${done} of ${total}`;
  }
  const explain = need("[data-explain]", section);
  if (answer.explain && explain.hidden) {
    explain.innerHTML = answer.explain.html; // Sanitised by the server, as all of the lesson is.
    explain.hidden = false;
  }
}

/** Where to go after a pass: the next exercise that is not done, else the next lesson. */
function nextStep(section: HTMLElement): { href: string; label: string } | null {
  const all = [...document.querySelectorAll<HTMLElement>("[data-exercise]")];
  const others = all.slice(all.indexOf(section) + 1).concat(all.slice(0, all.indexOf(section)));
  const open = others.find((other) => other.dataset["status"] !== "pass");
  if (open) {
    const title = open.querySelector("h3")?.textContent ?? "";
    return { href: `#${open.id}`, label: `Next exercise: ${title}` };
  }
  const next = document.querySelector<HTMLAnchorElement>("[data-next-lesson]");
  if (!next) return null;
  const home = next.getAttribute("href") === "/";
  return { href: next.href, label: home ? "That was the last one. Back to all lessons" : "On to the next lesson" };
}
