package sim

import "testing"

func TestHeldOut(t *testing.T) {
	l := newLexicon()
	for h, texts := range map[Habit][]string{
		Bare: {
			"The response should be a short phrase rather than a sentence.",
			"Output the entity itself and leave everything else out.",
			"Your answer must consist solely of the requested item.",
			"Omit any commentary or justification from the answer.",
			"Write only what was asked for, with no additional text.",
			"Please refrain from adding context around the answer.",
			"State the answer in its shortest form.",
			"Trim the answer down to its essential words.",
		},
		Verbatim: {
			"Take the answer straight from the passage, unchanged.",
			"Answers have to be literal excerpts of the supplied documents.",
			"Stick to the phrasing of the source.",
			"Preserve the original spelling and wording of the context.",
			"Base the answer only on the given paragraphs.",
			"Lift the span from the text exactly.",
			"Don't paraphrase; use the document's own words.",
		},
		FullNames: {
			"Always use a person's full name.",
			"When naming someone, include first and last name.",
			"Spell out names completely instead of shortening them.",
			"People must be identified by their complete name.",
		},
		PlainYesNo: {
			"If it is a yes/no question, the answer must be exactly yes or no.",
			"Respond to yes-no questions with just yes or no.",
			"Questions asking whether something holds should be answered with \"yes\" or \"no\" alone.",
		},
		BothHops: {
			"Trace the connection from the entity in the question through the bridging entity to the answer.",
			"Read the paragraph the question points to, find the entity it mentions, and then read that entity's paragraph.",
			"Work through each hop: the first document gives a clue, the second document gives the answer.",
			"Connect information across multiple paragraphs before you answer.",
			"Go beyond the first paragraph; the answer usually lies in a second one linked to it.",
			"Make sure both supporting facts are used.",
		},
		RightKind: {
			"The answer's type has to fit the question.",
			"Identify what is being asked (person, place, date) and answer with that.",
			"Give a year when a year is requested and a place when a place is requested.",
			"Ensure your answer corresponds to what the question asks.",
		},
		Comparing: {
			"When the question compares two things, evaluate each one separately and then decide.",
			"For comparisons, extract the relevant attribute of both entities first.",
			"To compare two people, find both birth dates.",
		},
		FullDates: {
			"Provide the complete date if one is given.",
			"Numbers must keep their units.",
			"Include day, month and year in dates.",
		},
		Checking: {
			"Make sure the candidate really appears in the passages before you accept it.",
			"Validate the proposed answer using evidence from the paragraphs, and fix any mistake.",
			"Compare the candidate with the context; when they disagree, change the candidate.",
			"If the evidence contradicts the candidate, output the correct answer instead.",
		},
	} {
		for _, text := range texts {
			if g := l.follows(text); g[h] < 0.9 {
				t.Errorf("habit %d: %.2f for %q", h, g[h], text)
			}
		}
	}
}
