// Finding and making elements.

/** The element for `selector`, which the template promises. */
export function need<T extends HTMLElement = HTMLElement>(
  selector: string,
  root: ParentNode = document,
): T {
  const found = root.querySelector<T>(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return found;
}

type Child = Node | string | null | undefined;

/** Makes an element; text children are text, never markup. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  for (const child of children) if (child != null) element.append(child);
  return element;
}

export const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
export const isWindows = /^Win/.test(navigator.platform);
