// The find bar over the terminal.

import { need } from "../dom";
import type { Screen } from "./screen";

/** Returns what opens the bar. */
export function initFind(screen: Screen, pane: HTMLElement): () => void {
  const bar = need("[data-find]", pane);
  const field = need<HTMLInputElement>("input", bar);
  const count = need("[data-find-count]", bar);
  // The colours are drawn under the text, whatever its own colour: mid tones work in both themes.
  const decorations = {
    matchBackground: "#8a6a1f",
    activeMatchBackground: "#b5482a",
    matchOverviewRuler: "#8a6a1f",
    activeMatchColorOverviewRuler: "#b5482a",
  };
  const search = (direction: "next" | "previous", incremental = false) => {
    const options = { decorations, incremental };
    if (direction === "next") screen.search.findNext(field.value, options);
    else screen.search.findPrevious(field.value, options);
  };
  const close = () => {
    bar.hidden = true;
    screen.search.clearDecorations();
    screen.terminal.focus();
  };

  screen.search.onDidChangeResults(({ resultIndex, resultCount }) => {
    if (resultCount > 0) count.textContent = `${resultIndex + 1} of ${resultCount}`;
    else count.textContent = field.value === "" ? "" : "none";
  });
  field.addEventListener("input", () => search("previous", true));
  bar.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    else if (event.key === "Enter" && event.target === field) {
      search(event.shiftKey ? "next" : "previous");
    } else return;
    event.preventDefault();
  });
  need("[data-find-previous]", bar).addEventListener("click", () => search("previous"));
  need("[data-find-next]", bar).addEventListener("click", () => search("next"));
  need("[data-find-close]", bar).addEventListener("click", close);

  return () => {
    bar.hidden = false;
    const selected = screen.terminal.getSelection();
    if (selected !== "" && !selected.includes("\n")) field.value = selected;
    field.focus();
    field.select();
    if (field.value !== "") search("previous", true);
  };
}
