// What a program's output may not do.
//
// Output is written by whatever the learner runs, and some escape sequences make a terminal type
// an answer into the shell, write the clipboard or rename the window. Of these only the cursor's
// position and the device's kind are answered, because full-screen programs wait for them; both
// answers hold nothing that the program chose. They are given for live output only, since a replay
// would type old answers into today's shell, and only by the page in front of the reader, since
// two tabs on one shell would answer twice.

import type { Terminal } from "@xterm/xterm";

const ESC = "\x1b";
const swallow = () => true;

/** Registers the guards; `mayAnswer` says whether output is live and this page is in front. */
export function guardReports(
  terminal: Terminal,
  mayAnswer: () => boolean,
  answer: (text: string) => void,
): void {
  const parser = terminal.parser;
  const reply = (text: string) => {
    if (mayAnswer()) answer(text);
    return true;
  };
  const position = (prefix: string) => {
    const { cursorX, cursorY } = terminal.buffer.active;
    return reply(`${ESC}[${prefix}${cursorY + 1};${Math.min(cursorX + 1, terminal.cols)}R`);
  };

  // Device attributes: a VT100 with advanced video, as xterm.js itself would say.
  parser.registerCsiHandler({ final: "c" }, ([first]) => first !== 0 || reply(`${ESC}[?1;2c`));
  parser.registerCsiHandler({ prefix: ">", final: "c" }, swallow);
  parser.registerCsiHandler({ prefix: "=", final: "c" }, swallow);

  // Device status: alive, and where the cursor is.
  parser.registerCsiHandler({ final: "n" }, ([first]) => {
    if (first === 5) return reply(`${ESC}[0n`);
    return first === 6 ? position("") : true;
  });
  parser.registerCsiHandler({ prefix: "?", final: "n" }, ([first]) =>
    first === 6 ? position("?") : true,
  );

  // Modes, the terminal's name, window size and title, settings, parameters.
  parser.registerCsiHandler({ intermediates: "$", final: "p" }, swallow);
  parser.registerCsiHandler({ prefix: "?", intermediates: "$", final: "p" }, swallow);
  parser.registerCsiHandler({ prefix: ">", final: "q" }, swallow);
  parser.registerCsiHandler({ final: "t" }, swallow);
  parser.registerCsiHandler({ final: "x" }, swallow);
  parser.registerDcsHandler({ intermediates: "$", final: "q" }, swallow);
  parser.registerDcsHandler({ intermediates: "+", final: "q" }, swallow);

  // Colours may be set, not asked for.
  for (const code of [4, 5, 10, 11, 12, 13, 14, 17, 19, 21]) {
    parser.registerOscHandler(code, (data) => data.includes("?"));
  }

  // Titles, the clipboard, notifications.
  for (const code of [0, 1, 2, 9, 52, 99, 777]) parser.registerOscHandler(code, swallow);
}
