import { serve, worldError } from "./gepa_client.ts";

const concurrency = Number(process.argv[2]);

await serve(
  { a: "start of a", b: "start of b" },
  async (candidate, rollout) => {
    console.log("printed by mistake");
    switch (rollout.inputs.do) {
      case "fail":
        throw new RangeError("no idea\nwhat to do");
      case "exit":
        return process.exit(4);
      case "down":
        rollout.usage({ calls: 2 });
        throw worldError("the model is down");
      case "refused":
        throw worldError("the key is refused", { fatal: true });
      case "slow":
        return new Promise((resolve) => setTimeout(() => resolve(1), 600_000));
      case "nan":
        return NaN;
      case "text":
        return "only words";
      case "none":
        return undefined as any;
      case "typo":
        return { scores: 1 } as any;
      case "both":
        return [1, "well done"];
    }
    const q = rollout.inputs.q;
    const exchanges = [{ messages: [{ role: "user", content: "?" }], reply: "!" }];
    rollout.step({ component: "a", inputs: { q }, outputs: { n: 3 }, exchanges });
    rollout.usage({ input_tokens: 5, output_tokens: 1, cost_usd: 0.25 });
    rollout.usage({ input_tokens: 1 });
    rollout.feedback("fine");
    rollout.feedback("shorter", "a");
    return { score: 0.25, output: { echo: candidate.a, q }, objectives: { length: 3 } };
  },
  { name: "echo", concurrency, objectives: [{ name: "length", direction: "min", max: 100 }] },
);
