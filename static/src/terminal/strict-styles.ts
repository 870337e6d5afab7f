// Lets xterm.js draw under a policy that forbids inline styles.
//
// It makes `<style>` elements and sets `style` attributes as text, both of which such a policy
// blocks. Style sheets and styles set through the CSSOM are not inline, so both are turned into
// those. Only elements that scripts make from here on are touched.

export function allowStrictStyles(): void {
  const original = document.createElement.bind(document);
  const createElement = (tag: string, options?: ElementCreationOptions): HTMLElement => {
    if (tag === "style") return adoptedStyle(original("template"));
    const element = original(tag, options);
    return tag === "span" ? attributeAsCssom(element) : element;
  };
  Object.defineProperty(document, "createElement", { value: createElement, configurable: true });
}

/** Stands in for a `<style>` element: its text goes to an adopted style sheet. */
function adoptedStyle(standIn: HTMLElement): HTMLElement {
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets.push(sheet);
  Object.defineProperty(standIn, "textContent", {
    set: (text: string) => sheet.replaceSync(text),
    get: () => "",
  });
  const remove = standIn.remove.bind(standIn);
  standIn.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
    remove();
  };
  return standIn;
}

function attributeAsCssom(element: HTMLElement): HTMLElement {
  const setAttribute = element.setAttribute.bind(element);
  element.setAttribute = (name, value) => {
    if (name === "style") element.style.cssText = value;
    else setAttribute(name, value);
  };
  return element;
}
