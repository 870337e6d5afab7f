// What a check found, as elements. All words of the server go in as text; only hints are HTML.

import type { CheckOutcome, CheckStatus, ExerciseOutcome } from "../api";
import { make } from "../dom";

const HEADLINES: Record<CheckStatus, string> = {
  pass: "Passed",
  fail: "Not passed",
  "not-yet": "Not yet",
  "grader-error": "Could not be checked",
  skipped: "Not looked at",
};

const SIGNS: Record<CheckStatus, string> = {
  pass: "✓",
  fail: "✗",
  "not-yet": "…",
  "grader-error": "!",
  skipped: "–",
};

export function outcome(answer: ExerciseOutcome, next: { href: string; label: string } | null): HTMLElement {
  const box = panel(answer.status);
  const unmet = answer.checks.find((check) => check.status !== "pass");
  if (answer.status === "pass") {
    const last = answer.checks.at(-1);
    box.append(paragraph("", last?.message || "Everything is as it should be."));
  } else if (unmet) {
    box.append(...finding(unmet));
  } else if (answer.status === "grader-error") {
    box.append(make("p", {}, "The check itself did not work. Try again in a moment."));
  }
  if (answer.status !== "pass" && answer.hint) box.append(hint(answer.hint.html));
  if (answer.solution) box.append(solution(answer.solution, answer.status));
  if (answer.checks.length > 1) box.append(list(answer.checks));
  if (answer.status === "pass" && next) {
    box.append(make("p", { class: "result-next" }, make("a", { href: next.href }, `${next.label} →`)));
  }
  return box;
}

/** The server could not be asked, or refused. */
export function failure(words: string): HTMLElement {
  const box = panel("grader-error");
  box.append(paragraph("", words));
  return box;
}

function panel(status: CheckStatus): HTMLElement {
  const sign = make("span", { class: "result-sign", "aria-hidden": "true" }, SIGNS[status]);
  const headline = make("p", { class: "result-headline" }, sign, HEADLINES[status]);
  return make("div", { class: "result-panel", "data-status": status }, headline);
}

function finding(check: CheckOutcome): HTMLElement[] {
  const parts: HTMLElement[] = [];
  parts.push(paragraph("result-message", check.message || check.title));
  const facts = make("dl", { class: "result-facts" });
  if (check.expected) facts.append(make("dt", {}, "Expected"), code(check.expected));
  if (check.found) facts.append(make("dt", {}, "Found"), code(check.found));
  if (facts.childElementCount > 0) parts.push(facts);
  if (check.why) parts.push(paragraph("result-why", check.why));
  return parts;
}

function paragraph(name: string, text: string): HTMLElement {
  return make("p", name === "" ? {} : { class: name }, ...inline(text));
}

/** Text in which `backticks` mark code. */
function inline(text: string): Node[] {
  return text.split(/`([^`]+)`/).map((piece, index) =>
    index % 2 === 1 ? make("code", {}, piece) : document.createTextNode(piece),
  );
}

function code(text: string): HTMLElement {
  return make("dd", {}, make("code", {}, text));
}

function hint(html: string): HTMLElement {
  const body = make("div", { class: "prose" });
  body.innerHTML = html; // Sanitised by the server, as all of the lesson is.
  return make("details", { class: "result-hint" }, make("summary", {}, "Show a hint"), body);
}

function solution(script: string, status: CheckStatus): HTMLElement {
  const label = status === "pass" ? "Compare with our solution" : "Show a solution";
  const code = make("pre", {}, make("code", {}, script.trim()));
  const body = make("div", { class: "prose" }, code);
  return make("details", { class: "result-hint" }, make("summary", {}, label), body);
}

function list(checks: CheckOutcome[]): HTMLElement {
  const items = checks.map((check) =>
    make(
      "li",
      { "data-status": check.status },
      make("span", { "aria-hidden": "true" }, SIGNS[check.status]),
      make("span", { class: "visually-hidden" }, `${HEADLINES[check.status]}: `),
      make("span", {}, ...inline(check.title)),
    ),
  );
  return make("ul", { class: "result-checks" }, ...items);
}
