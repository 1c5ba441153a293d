/**
 * Makes a TypeScript or JavaScript agent a system that gepa can optimize.
 *
 * Copy this one file beside the agent; it needs Node 18 or newer and nothing
 * else. Node 22.18 and newer run it as it is, older ones with tsx or compiled. A
 * worker is some ten lines:
 *
 *     import { prompts, solve } from "./agent.ts";
 *     import { serve } from "./gepa_client.ts";
 *
 *     serve(prompts, async (candidate, rollout) => {
 *       const answer = await solve(candidate, rollout.inputs.question);
 *       const right = answer === rollout.labels.answer;
 *       return [right ? 1 : 0, `The right answer is ${rollout.labels.answer}.`];
 *     });
 *
 * `serve` speaks gepa's line protocol (docs/formats/worker.md) on standard input
 * and output. Whatever the agent prints goes to standard error instead, and what
 * it throws becomes a failed rollout with the stack as feedback.
 *
 * Types stand only in declarations of their own and after the names of
 * constants, so that taking them away is easy.
 */

import { createHmac, timingSafeEqual } from "node:crypto";

export const PROTOCOL = 1;

/** The texts by component name. */
export type Candidate = Record<string, string>;

/** Words about what was right and wrong. */
export interface Feedback {
  text?: string;
  by_component?: Record<string, string>;
}

/** One call of a component. */
export interface Step {
  component: string;
  inputs?: unknown;
  outputs?: unknown;
  problem?: string;
  /** The model call behind it. */
  exchanges?: { messages?: { role: string; content: string }[]; reply: string }[];
}

/** What model calls took; what is not known is left out. */
export interface Usage {
  calls?: number;
  input_tokens?: number;
  output_tokens?: number;
  cost_usd?: number;
  unmeasured?: number;
  unpriced?: number;
}

/** What a reply may say. One of score, output, problem and error is needed. */
export interface Reply {
  score?: number;
  output?: unknown;
  feedback?: string | Feedback;
  objectives?: Record<string, number>;
  trace?: Step[];
  usage?: Usage;
  problem?: string;
  error?: string;
  fatal?: boolean;
}

/** One request: what to run on, and where to note what happened. */
export interface Rollout {
  /** Names the example. */
  id: string;
  /** What the agent may see. */
  inputs: Record<string, any>;
  /** For scoring; empty where gepa scores the output itself. */
  labels: Record<string, any>;
  /** Counts repeated rollouts from 0. */
  repeat: number;
  /** Seconds that the reply may take; undefined if there is no limit. */
  timeLimit: number | undefined;
  /** Notes one call of a component. */
  step: (step: Step) => void;
  /** Adds what model calls took. */
  usage: (usage: Usage) => void;
  /** Adds words about the whole, or about one component. */
  feedback: (text: string, component?: string) => void;
}

/** A score, [score, feedback], a text, which is the output, or a reply. */
export type Result = number | boolean | string | [number, string] | Reply;

export type Run = (candidate: Candidate, rollout: Rollout) => Result | Promise<Result>;

export interface Options {
  /** What is served, in a word. */
  name?: string;
  /** Requests at once. Leave it at 1 where the agent keeps its prompts in globals. */
  concurrency?: number;
  /** The measures that replies hold. */
  objectives?: { name: string; direction?: "max" | "min"; min?: number; max?: number; weight?: number }[];
}

export interface Request {
  type: string;
  id: string;
  candidate: Candidate;
  example: { id: string; inputs?: Record<string, any>; labels?: Record<string, any> };
  repeat: number;
  time_limit?: number;
}

type Answer = (request: Request, run: Run) => Promise<Record<string, unknown>>;
type Serve = (components: Candidate, run: Run, options?: Options) => Promise<void>;
type Verify = (secret: string, headers: Record<string, string | undefined>, body: string | Buffer, maxAge?: number) => boolean;
type Fields = (result: Result) => Reply;
type Complete = (reply: Reply, noted: Noted) => Reply;
type Open = (request: Request) => { rollout: Rollout; noted: Noted };
type MakeError = (message: string, options?: { fatal?: boolean; cause?: unknown }) => Error;
type Encode = (message: Record<string, unknown>) => string;

interface Noted {
  steps: Step[];
  usage: Usage;
  whole: string[];
  parts: Record<string, string[]>;
}

/**
 * An error that says: something failed that is not the agent's fault, a model
 * out of reach, a full disk. Throw it and the rollout is tried again instead of
 * being scored; with `{ fatal: true }` it ends the run.
 */
export const worldError: MakeError = (message, options = {}) =>
  Object.assign(new Error(message, { cause: options.cause }), { name: "WorldError", fatal: options.fatal ?? false });

const replyFields = ["score", "output", "feedback", "objectives", "trace", "usage", "problem", "error", "fatal"];

const fields: Fields = (result) => {
  if (typeof result === "number" || typeof result === "boolean") return { score: Number(result) };
  if (typeof result === "string") return { output: result };
  if (Array.isArray(result) && result.length === 2) return { score: Number(result[0]), feedback: String(result[1]) };
  if (typeof result !== "object" || result === null) {
    throw new TypeError(`run returned ${result}; want a score, [score, feedback], a text or an object`);
  }
  const unknown = Object.keys(result).filter((name) => !replyFields.includes(name));
  if (unknown.length > 0) {
    throw new TypeError(`run returned an object with ${unknown}; it may have ${replyFields}. Return { output: … } for what the agent answered.`);
  }
  return { ...result };
};

const open: Open = (request) => {
  const noted: Noted = { steps: [], usage: {}, whole: [], parts: {} };
  const rollout: Rollout = {
    id: request.example.id,
    inputs: request.example.inputs ?? {},
    labels: request.example.labels ?? {},
    repeat: request.repeat ?? 0,
    timeLimit: request.time_limit,
    step: (step) => void noted.steps.push(step),
    usage: (usage) => {
      const sum = noted.usage;
      const calls = usage.calls ?? 1;
      sum.calls = (sum.calls ?? 0) + calls;
      if (usage.input_tokens === undefined && usage.output_tokens === undefined) sum.unmeasured = (sum.unmeasured ?? 0) + calls;
      if (usage.cost_usd === undefined) sum.unpriced = (sum.unpriced ?? 0) + calls;
      if (usage.input_tokens !== undefined) sum.input_tokens = (sum.input_tokens ?? 0) + usage.input_tokens;
      if (usage.output_tokens !== undefined) sum.output_tokens = (sum.output_tokens ?? 0) + usage.output_tokens;
      if (usage.cost_usd !== undefined) sum.cost_usd = (sum.cost_usd ?? 0) + usage.cost_usd;
    },
    feedback: (text, component) => {
      if (component === undefined) noted.whole.push(text);
      else (noted.parts[component] ??= []).push(text);
    },
  };
  return { rollout, noted };
};

// Puts together what run returned and what was noted.
const complete: Complete = (reply, noted) => {
  if (noted.steps.length > 0) reply.trace ??= noted.steps;
  if (Object.keys(noted.usage).length > 0) reply.usage ??= noted.usage;
  if (typeof reply.feedback === "object") return reply;
  const whole = [...noted.whole, ...(reply.feedback ? [reply.feedback] : [])].join("\n");
  const parts = Object.fromEntries(Object.entries(noted.parts).map(([name, texts]) => [name, texts.join("\n")]));
  if (whole !== "" || Object.keys(parts).length > 0) reply.feedback = { text: whole, by_component: parts };
  return reply;
};

/**
 * Runs one request and returns its reply. It is what serve does for a line, and
 * a webhook can do for a body.
 */
export const answer: Answer = async (request, run) => {
  const { rollout, noted } = open(request);
  const envelope = { type: "reply", id: request.id };
  try {
    return { ...complete(fields(await run({ ...request.candidate }, rollout)), noted), ...envelope };
  } catch (error) {
    const thrown = error instanceof Error ? error : new Error(String(error));
    if (thrown.name === "WorldError") {
      return { error: thrown.message || "the world failed", fatal: "fatal" in thrown && thrown.fatal === true, usage: noted.usage, ...envelope };
    }
    const problem = `${thrown.name}: ${thrown.message}`.replace(/\s+/g, " ").slice(0, 300);
    return { ...complete({ problem, feedback: (thrown.stack ?? problem).slice(0, 4000) }, noted), ...envelope };
  }
};

// JSON has no NaN, and JSON.stringify would write null for it.
const encode: Encode = (message) => {
  try {
    return JSON.stringify(message, (name, value) => {
      if (typeof value === "number" && !Number.isFinite(value)) throw new RangeError(`${name} is ${value}, want a finite number`);
      return typeof value === "bigint" ? Number(value) : value;
    });
  } catch (error) {
    return JSON.stringify({ type: "reply", id: message["id"], problem: `the reply cannot be written as JSON: ${error}` });
  }
};

// Lines end with "\n" and nothing else, which node:readline sees differently.
const lines = async function* () {
  let rest = "";
  process.stdin.setEncoding("utf8");
  for await (const chunk of process.stdin) {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop() ?? "";
    yield* parts.filter((line) => line.trim() !== "");
  }
};

/**
 * Serves requests until standard input ends.
 *
 * `components` maps each component's name to its starting text, in order. `run`
 * runs the agent with a candidate's texts and returns a score (higher is better,
 * 1 is best), [score, feedback], a text, which is an output that gepa's metric
 * scores, or an object with a reply's fields.
 */
export const serve: Serve = async (components, run, options = {}) => {
  // The protocol keeps the real standard output for itself.
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = process.stderr.write.bind(process.stderr);
  const concurrency = options.concurrency ?? 1;
  const hello: Record<string, unknown> = {
    type: "hello",
    protocol: PROTOCOL,
    name: options.name ?? "",
    components: Object.entries(components).map(([name, text]) => ({ name, text })),
    concurrency,
    objectives: options.objectives,
  };
  write(encode(hello) + "\n");
  for await (const line of lines()) {
    const request: Request = JSON.parse(line);
    if (request.type !== "rollout") continue;
    const done = answer(request, run).then((reply) => write(encode(reply) + "\n"));
    if (concurrency === 1) await done;
  }
};

/**
 * Reports whether a webhook's request was signed with the secret less than
 * maxAge seconds ago. Header names are in lower case, as Node has them.
 */
export const verify: Verify = (secret, headers, body, maxAge = 300) => {
  const stamp = headers["gepa-timestamp"] ?? "";
  if (!/^\d+$/.test(stamp) || Math.abs(Date.now() / 1000 - Number(stamp)) > maxAge) return false;
  const want = Buffer.from("v1=" + createHmac("sha256", secret).update(stamp + ".").update(body).digest("hex"));
  const given = (headers["gepa-signature"] ?? "").split(",").map((one) => Buffer.from(one.trim()));
  return given.some((one) => one.length === want.length && timingSafeEqual(one, want));
};
