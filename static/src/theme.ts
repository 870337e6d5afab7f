// Runs before the page is drawn, so that a chosen theme does not flash. Keep it tiny.
try {
  const chosen = localStorage.getItem("drydock.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset["theme"] = chosen;
} catch {
  // Storage may be forbidden; the system's theme is used then.
}
