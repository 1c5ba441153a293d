package sim

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// wholeSets are ten ways to write the same six rules, the last one for the
// checking module alone. They were written before the reader's vocabulary was
// widened for them, as held-out texts.
var wholeSets = [10][6]string{
	{
		"Return nothing but the answer itself.",
		"It must be copied letter by letter from the passages.",
		"Give people's names in full.",
		"Yes/no questions get a plain yes or no.",
		"Follow the chain from the first paragraph to the second.",
		"Check the candidate against the paragraphs, and replace it if it is wrong.",
	},
	{
		"Reply with the bare phrase and leave out all other words.",
		"Take the phrase over from the context without altering it.",
		"Never cut a person's name down to the surname.",
		"Where a question can be answered by yes or no, say just that.",
		"Work through both hops before you settle on an answer.",
		"Make sure that the passages support the candidate; otherwise correct it.",
	},
	{
		"Keep the answer down to the shortest phrase that is correct.",
		"Use the same wording as the text.",
		"Write the whole name of a person, first and last.",
		"If it is a yes-or-no question, respond yes or no.",
		"Find the linking entity and then read the paragraph about that entity.",
		"Verify the candidate with the help of the context and fix it when it is mistaken.",
	},
	{
		"No sentences and no explanations: the answer alone.",
		"Quote it from the source exactly.",
		"Complete names are required for people.",
		"A question that asks whether something is so is answered by yes or no.",
		"Use the fact in one paragraph to get to the other paragraph, which has the answer.",
		"Examine whether the candidate is backed by the documents and amend it if it is not.",
	},
	{
		"The answer should be a few words at most, with no commentary.",
		"Every word of it has to occur in the context exactly as you write it.",
		"Always state first name and last name.",
		"Answer yes/no questions with one word: yes or no.",
		"The answer takes two steps: identify the bridge entity, then look up what is said about it.",
		"Confirm the candidate with evidence from the text, or put a better one in its place.",
	},
	{
		"Do not add anything to the answer.",
		"Do not change the wording of the passage.",
		"Do not leave out any part of a person's name.",
		"Do not answer a yes/no question with anything but yes or no.",
		"Do not stop at the first paragraph; go on to the one it leads to.",
		"Do not accept the candidate without checking it against the context.",
	},
	{
		"Say it as briefly as possible.",
		"Extract the phrase literally.",
		"Full names, please, not just surnames.",
		"\"Yes\" or \"no\" is all that a yes/no question needs.",
		"Combine what both supporting paragraphs say.",
		"Test the candidate on the paragraphs and revise it where they contradict it.",
	},
	{
		"Output only the name, date or phrase that was asked for, and skip any explanation.",
		"The wording must be identical to that of the document.",
		"When the answer is a person, provide the complete name.",
		"For questions like \"Are both ...?\" just output yes or no.",
		"Connect the entity in the question to the one in the second article, and answer from there.",
		"If the context does not support the candidate, change it to what the context supports.",
	},
	{
		"Write the answer without any surrounding text.",
		"Reproduce the context's words unchanged.",
		"A person is to be named by full name.",
		"Use a simple yes or no for polar questions.",
		"Trace the bridge from one document to the next until you arrive at the answer.",
		"Validate the candidate against the evidence, correcting any error.",
	},
	{
		"A minimal answer is wanted, free of extra words.",
		"Copy; never paraphrase the text.",
		"Mention the entire name of every person.",
		"Either yes or no is the right reply to a yes/no question.",
		"Reason across the two paragraphs: what the first one mentions, the second one explains.",
		"See to it that the candidate is found in the passages; if not, replace it.",
	},
}

// negatedSets turn the rules around, each in its own grammar.
var negatedSets = [5][6]string{
	{
		"The answer must not be short.", "It should not be copied from the context.", "Full names must not be given.",
		"A yes/no question should not be answered yes or no.", "You must not follow the chain to the second paragraph.", "You should not check the candidate against the context.",
	},
	{
		"It is wrong to give just the answer.", "It is wrong to quote the text.", "It is wrong to write the full name.",
		"It is wrong to say yes or no.", "It is a mistake to link both paragraphs.", "It is a mistake to verify the candidate with the context.",
	},
	{
		"Rather than a bare phrase, write several sentences.", "Instead of the exact wording, use your own words.", "Instead of full names, give surnames.",
		"Rather than yes or no, write a sentence.", "Instead of following the link to the second paragraph, answer from the first one.", "Rather than checking the candidate against the context, accept it.",
	},
	{
		"Never leave out additional words.", "Neither copy the context nor quote it.", "Avoid full names.",
		"Never reply with yes or no.", "Neither link the paragraphs nor follow the chain.", "Avoid checking the candidate against the passages.",
	},
	{
		"There is no need to keep the answer short.", "There is no need to copy the exact words of the text.", "You need not give full names.",
		"You do not have to answer yes or no.", "It is unnecessary to follow both hops.", "Checking the candidate against the context is unnecessary.",
	},
}

func wholeSet(s [6]string) cand {
	return cand{strings.Join(s[:5], "\n"), strings.Join(s[:], "\n")}
}

// TestWholeInstructionsScoreByMeaning holds whole instructions, as a program
// has them, to their scores.
func TestWholeInstructionsScoreByMeaning(t *testing.T) {
	if raceEnabled || testing.Short() {
		t.Skip("counts points over thousands of calls, one at a time")
	}
	xs := devExamples(t, 100)
	m := New(Options{Seed: 1})
	base, _ := evaluate(m, cand{baseReason, baseVerify}, xs)
	low, high := 1.0, 0.0
	for i, s := range wholeSets {
		f1, _ := evaluate(m, wholeSet(s), xs)
		t.Logf("paraphrase %d: F1 %.3f, base %.3f", i, f1, base)
		low, high = min(low, f1), max(high, f1)
	}
	if high-low > mostSpread || low < base+0.15 {
		t.Errorf("paraphrases score F1 %.3f to %.3f; want at most %.2f between them, and far above the base, %.3f", low, high, mostSpread, base)
	}
	for i, s := range negatedSets {
		fallsBack(t, m, xs, fmt.Sprint("negated ", i), wholeSet(s), base)
	}
	for i := range 5 {
		c := wholeSet(wholeSets[2*i])
		rng := rand.New(rand.NewPCG(uint64(i), 7))
		fallsBack(t, m, xs, fmt.Sprint("shuffled ", i), cand{shuffled(rng, c.reason), shuffled(rng, c.verify)}, base)
	}
}

// mostSpread is how far apart paraphrases may score, in F1.
const mostSpread = 0.03

func fallsBack(t *testing.T, m *Model, xs []rawExample, what string, c cand, base float64) {
	t.Helper()
	f1, _ := evaluate(m, c, xs)
	t.Logf("%s: F1 %.3f, base %.3f", what, f1, base)
	if f1 > base+0.03 {
		t.Errorf("%s: F1 %.3f, base %.3f; want at most three points above", what, f1, base)
	}
}
