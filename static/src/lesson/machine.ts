// The learner's sandbox: started with the page, shown in the header, reset on demand.

import { ApiError, resetSandbox, sandboxStatus, startSandbox } from "../api";
import type { Amount, Sandbox, SandboxStatus } from "../api";
import { need } from "../dom";
import type { TerminalSession } from "../terminal/session";
import { ask } from "./dialog";

const POLL_MS = 5000;
const SOON_OVER_S = 5 * 60;
const FULL = 0.9;

type State = "starting" | "running" | "ended" | "failed" | "absent";

const WORDS: Record<State, string> = {
  starting: "Starting",
  running: "Running",
  ended: "Ended",
  failed: "Not running",
  absent: "Not started",
};

export class Machine {
  readonly #root = need("[data-machine]");
  readonly #reset = need<HTMLButtonElement>("[data-reset]");
  #state: State = "starting";
  #id: string | null = null;
  #endsAt: number | null = null;

  constructor(
    private readonly lesson: string,
    private readonly terminal: TerminalSession,
  ) {
    this.#reset.addEventListener("click", () => void this.#askReset());
    setInterval(() => void this.#poll(), POLL_MS);
    document.addEventListener("visibilitychange", () => void this.#poll());
  }

  get isRunning(): boolean {
    return this.#state === "running";
  }

  /** Starts the sandbox, or finds the one that runs for this lesson. */
  start(replace = false): Promise<void> {
    return this.#begin("Starting your sandbox…", () => startSandbox(this.lesson, replace));
  }

  async #begin(words: string, request: () => Promise<Sandbox>): Promise<void> {
    this.#show("starting");
    this.terminal.notice.show(words);
    try {
      this.#adopt(await request());
    } catch (error) {
      if (error instanceof ApiError && error.refusal.error === "other-lesson") {
        await this.#askReplace(error);
      } else {
        this.#failed(error);
      }
    }
  }

  /** The terminal was told that its sandbox is gone. The server knows why, or what came after. */
  async lost(): Promise<void> {
    if (this.#state !== "running") return;
    await this.#poll();
    if (this.#state === "running" && !this.terminal.isConnected) this.#ended();
  }

  #ended(reason?: string): void {
    this.#show("ended");
    this.terminal.disconnect();
    const text = reason ?? "This sandbox has ended, and its files and containers with it.";
    this.#offer(`${text} Your progress is kept.`, "Start a new one");
  }

  #adopt(sandbox: Sandbox): void {
    this.#id = sandbox.id;
    this.#endsAt = sandbox.ends_at;
    this.#show("running");
    this.terminal.connect(sandbox.id);
    void this.#poll();
  }

  #failed(error: unknown): void {
    this.#show("failed");
    const text = error instanceof Error ? error.message : "The sandbox could not be started.";
    this.#offer(text, "Try again");
  }

  #offer(text: string, button: string, replace = false): void {
    this.terminal.notice.show(text, button, () => void this.start(replace));
  }

  async #askReplace(error: ApiError): Promise<void> {
    const { lesson, title } = error.refusal;
    const other = title ? `“${title}”` : "another lesson";
    const answer = await ask({
      title: "End the other sandbox?",
      text: `Your sandbox for ${other} is still running. To start one for this lesson it is ended, with its files and containers. Your progress is kept.`,
      choices: [
        { label: "Just read", value: "read" },
        { label: "Go back to it", value: "back" },
        { label: "End it and start here", value: "replace", kind: "primary" },
      ],
    });
    if (answer === "replace") {
      await this.start(true);
    } else if (answer === "back" && lesson) {
      location.assign(`/lessons/${encodeURIComponent(lesson)}`);
    } else {
      this.#show("absent");
      this.#offer(`Your sandbox for ${other} is still running.`, "End it and start here", true);
    }
  }

  async #askReset(): Promise<void> {
    const answer = await ask({
      title: "Reset the sandbox?",
      text: "You get a fresh machine with this lesson's files. What you made in this one (files, images, containers) is gone. Your progress is kept.",
      choices: [
        { label: "Cancel", value: "cancel" },
        { label: "Reset", value: "reset", kind: "danger" },
      ],
    });
    if (answer !== "reset") return;
    this.terminal.disconnect();
    await this.#begin("Starting a fresh sandbox…", () => resetSandbox(this.lesson));
    if (this.isRunning) this.terminal.focus();
  }

  async #poll(): Promise<void> {
    if (this.#state !== "running" || document.visibilityState !== "visible") return;
    const asked = this.#id;
    let status: SandboxStatus;
    try {
      status = await sandboxStatus(this.lesson);
    } catch {
      return; // The terminal says when the server is away.
    }
    if (asked !== this.#id || this.#state !== "running") return;
    if (status.state !== "running") this.#ended(status.message);
    else if (status.id && status.id !== this.#id) this.#elsewhere(status.id);
    else this.#showStatus(status);
  }

  /** Another tab has reset the sandbox: follow it. */
  #elsewhere(id: string): void {
    this.#id = id;
    this.terminal.connect(id);
  }

  #show(state: State): void {
    this.#state = state;
    need(".machine-state", this.#root).dataset["state"] = state;
    const word = need("[data-machine-state]", this.#root);
    if (word.textContent !== WORDS[state]) word.textContent = WORDS[state];
    this.#reset.disabled = state === "starting" || state === "absent";
    const running = state === "running";
    if (!running) {
      for (const gauge of this.#root.querySelectorAll<HTMLElement>("[data-gauge]")) gauge.hidden = true;
    }
    this.#showTime(running ? this.#endsAt : null);
  }

  #showStatus(status: SandboxStatus): void {
    this.#gauge("memory", status.memory);
    this.#gauge("disk", status.disk);
    if (status.ends_at) this.#endsAt = status.ends_at;
    this.#showTime(this.#endsAt);
  }

  #showTime(endsAt: number | null): void {
    const time = need("[data-machine-time]", this.#root);
    time.hidden = endsAt === null;
    if (endsAt === null) return;
    const seconds = Math.max(0, endsAt - Date.now() / 1000);
    const minutes = Math.ceil(seconds / 60);
    const text = minutes < 120 ? `${minutes} min left` : `${Math.floor(minutes / 60)} h left`;
    if (time.textContent !== text) time.textContent = text;
    time.title = `Ends at ${new Date(endsAt * 1000).toLocaleTimeString([], { timeStyle: "short" })}`;
    time.toggleAttribute("data-soon", seconds < SOON_OVER_S);
  }

  #gauge(name: "memory" | "disk", amount: Amount | undefined): void {
    const gauge = need(`[data-gauge="${name}"]`, this.#root);
    gauge.hidden = !amount || amount.limit === 0;
    if (!amount || amount.limit === 0) return;
    const share = amount.used / amount.limit;
    need<HTMLMeterElement>("meter", gauge).value = Math.min(share, 1);
    gauge.toggleAttribute("data-full", share > FULL);
    const text = `${mebibytes(amount.used)} of ${mebibytes(amount.limit)} MB`;
    need(".gauge-text", gauge).textContent = text;
    gauge.title = text;
  }
}

function mebibytes(bytes: number): string {
  const amount = bytes / (1024 * 1024);
  return amount < 10 && amount >= 0.05 ? amount.toFixed(1) : amount.toFixed(0);
}
