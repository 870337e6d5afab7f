// Copy and paste with each system's own keys, and the keys that leave the terminal.

import { isMac, isWindows } from "../dom";
import type { Screen } from "./screen";

export interface ShortcutActions {
  leave(): void;
  find(): void;
}

/** Also works where the page is not served over https and the clipboard API is missing. */
export function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const stash = document.createElement("textarea");
  stash.value = text;
  stash.className = "visually-hidden";
  const before = document.activeElement;
  document.body.append(stash);
  stash.select();
  const done = document.execCommand("copy");
  stash.remove();
  if (before instanceof HTMLElement) before.focus();
  return done ? Promise.resolve() : Promise.reject(new Error("the browser refused"));
}

export function initShortcuts(screen: Screen, host: HTMLElement, actions: ShortcutActions): void {
  const { terminal } = screen;
  const copySelection = () => {
    void copyText(terminal.getSelection()).catch(() => undefined);
    terminal.clearSelection();
  };

  // False keeps a key from the shell. Paste keys are kept from it so that the browser pastes.
  terminal.attachCustomKeyEventHandler((event) => {
    const ours = shortcut(event, terminal.hasSelection());
    if (ours === null) return true;
    if (event.type !== "keydown" || ours === "paste") return false;
    event.preventDefault();
    if (ours === "copy") {
      if (terminal.hasSelection()) copySelection();
    } else {
      actions[ours]();
    }
    return false;
  });

  host.addEventListener(
    "paste",
    (event) => {
      const text = event.clipboardData?.getData("text/plain");
      event.preventDefault();
      event.stopPropagation();
      if (text) screen.paste(text);
    },
    { capture: true },
  );
}

type Shortcut = "copy" | "paste" | "leave" | "find";

function shortcut(event: KeyboardEvent, selected: boolean): Shortcut | null {
  const { code, ctrlKey, shiftKey, altKey, metaKey } = event;
  if (altKey) return null;
  if (isMac && metaKey && !ctrlKey) {
    if (code === "ArrowUp") return "leave";
    if (code === "KeyF") return "find";
    return null; // Cmd+C and Cmd+V are the browser's already.
  }
  if (metaKey) return null;
  if (ctrlKey && shiftKey) {
    if (code === "KeyC") return "copy";
    if (code === "KeyV") return "paste";
    if (code === "KeyF") return "find";
    if (code === "ArrowUp") return "leave";
    return null;
  }
  if (shiftKey && code === "Insert") return "paste";
  if (ctrlKey && code === "Insert") return "copy";
  if (ctrlKey && !isMac && code === "KeyC" && selected) return "copy";
  if (ctrlKey && isWindows && code === "KeyV") return "paste";
  return null;
}

/** The line under the terminal that says how to get out, copy and paste. */
export function shortcutHelp(): string {
  return isMac
    ? "⌘↑ leaves the terminal · ⌘C and ⌘V copy and paste · ⌘F finds"
    : "Ctrl+Shift+↑ leaves the terminal · Ctrl+Shift+C and V copy and paste · Ctrl+Shift+F finds";
}
