// The server's JSON doors, typed as the server writes them.

export interface Amount {
  used: number;
  limit: number;
}

export interface Sandbox {
  id: string;
  lesson: string;
  state: string;
  ends_at: number;
  shared: boolean;
}

export interface SandboxStatus {
  id?: string;
  state: "running" | "ended" | "none";
  memory?: Amount;
  disk?: Amount;
  ends_at?: number;
  message?: string;
}

export type CheckStatus = "pass" | "fail" | "not-yet" | "grader-error" | "skipped";

export interface CheckOutcome {
  title: string;
  status: CheckStatus;
  key?: string;
  message?: string;
  expected?: string;
  found?: string;
  why?: string;
}

export interface ExerciseOutcome {
  exercise: string;
  status: CheckStatus;
  points: number;
  max: number;
  checks: CheckOutcome[];
  hint?: { html: string };
  solution?: string;
  explain?: { html: string };
  progress: { done: number; total: number };
  attempts: number;
}

/** What the server answers when it refuses. */
interface Refusal {
  error?: string;
  message?: string;
  next_step?: string;
  lesson?: string;
  title?: string;
}

/** A request that did not work, in words for the reader. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly refusal: Refusal = {},
  ) {
    super(message);
  }
}

const TIMEOUT_MS = 60_000;

async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const request: RequestInit = { method, signal: AbortSignal.timeout(TIMEOUT_MS) };
  if (body !== undefined) {
    request.body = JSON.stringify(body);
    request.headers = { "Content-Type": "application/json" };
  }
  let response: Response;
  try {
    response = await fetch(path, request);
  } catch {
    throw new ApiError("The server does not answer. Is it still running?", 0);
  }
  const text = await response.text();
  let answer: unknown;
  try {
    answer = text === "" ? {} : JSON.parse(text);
  } catch {
    answer = {};
  }
  if (response.ok) return answer as T;
  const refusal = answer as Refusal;
  const message = refusal.message ?? `The server answered with status ${response.status}.`;
  const words = [message, refusal.next_step].filter(Boolean).join(" ");
  throw new ApiError(words, response.status, refusal);
}

export function startSandbox(lesson: string, replace: boolean): Promise<Sandbox> {
  return call("POST", "/api/sandbox", replace ? { lesson, replace } : { lesson });
}

export function resetSandbox(lesson: string): Promise<Sandbox> {
  return call("POST", "/api/sandbox/reset", { lesson });
}

export function sandboxStatus(lesson: string): Promise<SandboxStatus> {
  return call("GET", `/api/sandbox?lesson=${encodeURIComponent(lesson)}`);
}

export function checkExercise(lesson: string, exercise: string): Promise<ExerciseOutcome> {
  const path = [lesson, "exercises", exercise, "check"].map(encodeURIComponent).join("/");
  return call("POST", `/api/lessons/${path}`, {});
}
