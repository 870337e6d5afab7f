// Pages without a terminal: the index and the error pages.

import { initThemeToggle } from "./theme-toggle";

initThemeToggle();
