// The terminal's colours in both themes. xterm.js raises the contrast of what a program picks to
// 4.5:1 by itself, so these only set the mood.

import type { ITheme } from "@xterm/xterm";

import type { Theme } from "../theme-toggle";

const light: ITheme = {
  background: "#fbfcfd",
  foreground: "#1b2530",
  cursor: "#0b5f8a",
  cursorAccent: "#ffffff",
  selectionBackground: "#b9dcf0",
  selectionInactiveBackground: "#dbe3ea",
  scrollbarSliderBackground: "#1b253033",
  scrollbarSliderHoverBackground: "#1b253055",
  scrollbarSliderActiveBackground: "#1b253077",
  black: "#1b2530",
  red: "#b3261e",
  green: "#17693b",
  yellow: "#805600",
  blue: "#0b5f8a",
  magenta: "#86318f",
  cyan: "#0f6a70",
  white: "#5c6874",
  brightBlack: "#566270",
  brightRed: "#c4392f",
  brightGreen: "#1f7a48",
  brightYellow: "#8f6200",
  brightBlue: "#1a70a0",
  brightMagenta: "#9a42a3",
  brightCyan: "#167a80",
  brightWhite: "#333f4b",
};

const dark: ITheme = {
  background: "#0c1218",
  foreground: "#d9e1e8",
  cursor: "#6cb8e6",
  cursorAccent: "#0c1218",
  selectionBackground: "#27506b",
  selectionInactiveBackground: "#2a3440",
  scrollbarSliderBackground: "#d9e1e833",
  scrollbarSliderHoverBackground: "#d9e1e855",
  scrollbarSliderActiveBackground: "#d9e1e877",
  black: "#2a3440",
  red: "#ff8f85",
  green: "#6fce95",
  yellow: "#e8b65e",
  blue: "#6cb8e6",
  magenta: "#d99be0",
  cyan: "#67c7cc",
  white: "#c6d0d9",
  brightBlack: "#8593a1",
  brightRed: "#ffaea6",
  brightGreen: "#8fe0af",
  brightYellow: "#f3cb83",
  brightBlue: "#93cdf0",
  brightMagenta: "#e6b8eb",
  brightCyan: "#8cdade",
  brightWhite: "#f2f6f9",
};

export function palette(theme: Theme): ITheme {
  return theme === "dark" ? dark : light;
}
