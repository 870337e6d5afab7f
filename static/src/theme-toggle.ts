// Light or dark: the system's wish, until the reader chooses.

import { remember } from "./storage";

export type Theme = "light" | "dark";

const systemIsDark = matchMedia("(prefers-color-scheme: dark)");
const listeners: ((theme: Theme) => void)[] = [];

export function currentTheme(): Theme {
  const chosen = document.documentElement.dataset["theme"];
  if (chosen === "light" || chosen === "dark") return chosen;
  return systemIsDark.matches ? "dark" : "light";
}

/** Calls `listener` each time the theme changes. */
export function onThemeChange(listener: (theme: Theme) => void): void {
  listeners.push(listener);
}

/** Brings the page's theme button to life. */
export function initThemeToggle(): void {
  const button = document.querySelector<HTMLButtonElement>("[data-theme-toggle]");
  if (!button) return;
  button.hidden = false;
  const announce = () => {
    const theme = currentTheme();
    const other = theme === "dark" ? "light" : "dark";
    button.setAttribute("aria-label", `Switch to the ${other} theme`);
    button.title = `Switch to the ${other} theme`;
    for (const listener of listeners) listener(theme);
  };
  button.addEventListener("click", () => {
    const theme = currentTheme() === "dark" ? "light" : "dark";
    document.documentElement.dataset["theme"] = theme;
    remember("theme", theme);
    announce();
  });
  systemIsDark.addEventListener("change", announce);
  announce();
}
