// What this browser remembers about the page's looks. Storage may be forbidden: then nothing is kept.

export function recall(key: string): string | null {
  try {
    return localStorage.getItem(`drydock.${key}`);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(`drydock.${key}`, value);
  } catch {
    // Not kept, then.
  }
}
