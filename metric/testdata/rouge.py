"""Writes rouge.json: ROUGE-L by the package rouge-score for drawn ASCII texts. Run by hand: python rouge.py"""
import json
import random

from rouge_score import rouge_scorer

random.seed(7)
words = ["the", "cat", "sat", "on", "mat", "a", "dog", "ran", "to", "house", "it's", "re-do", "3.5", "U.S.", "and", "then", "(yes)", "no,"]
scorer = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)
cases = []
for _ in range(60):
    pred = " ".join(random.choices(words, k=random.randrange(0, 25)))
    gold = " ".join(random.choices(words, k=random.randrange(0, 25)))
    if random.random() < 0.3:
        gold = pred.upper().replace(" THE ", " of ")
    s = scorer.score(gold, pred)["rougeL"]
    cases.append({"pred": pred, "gold": gold, "precision": s.precision, "recall": s.recall, "f": s.fmeasure})
with open("rouge.json", "w") as f:
    json.dump(cases, f, indent=0)
