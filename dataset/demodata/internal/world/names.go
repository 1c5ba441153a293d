package world

import "strings"

// join puts a stem and an ending together without doubling a letter or
// running two vowels into each other.
func join(stem, end string) string {
	last, first := stem[len(stem)-1], end[0]
	vowel := func(b byte) bool { return strings.IndexByte("aeiou", b) >= 0 }
	if last == first || vowel(last) && vowel(first) {
		stem = stem[:len(stem)-1]
	}
	return stem + end
}

// combine returns n different names made of stems and endings.
func combine(d *draw, stems, ends []string, n int) []string {
	var all []string
	for _, s := range stems {
		for _, e := range ends {
			all = append(all, join(s, e))
		}
	}
	shuffle(d, all)
	return all[:min(n, len(all))]
}

// titleWords are what titles of works are made of. The splits share none of
// them, so no title of one is in the other.
type titleWords struct{ adjectives, nouns, abstracts, gerunds, plurals []string }

func titleVocabulary(split string) titleWords {
	if split == "dev" {
		return titleWords{
			adjectives: words("Silver Hollow Burning Last Crooked Quiet Winter Borrowed Wooden Pale Wandering Unfinished Golden Salted Restless Velvet Northern Midnight"),
			nouns:      words("Harbour Staircase Lighthouse Garden Violin Mirror Caravan Threshold Falcon Ledger Orchid Causeway Almanac Ferry Granary Portrait Weathervane Labyrinth"),
			abstracts:  words("Mercy Silence Patience Grief Fortune Exile Laughter Envy"),
			gerunds:    words("Mending Crossing Forgetting Counting Leaving Teaching Stealing"),
			plurals:    words("Sparrows Bells Strangers Windows Rivers Daughters Thieves Anchors Violets"),
		}
	}
	return titleWords{
		adjectives: words("Glass Scarlet Broken First Narrow Distant Summer Stolen Iron Amber Sleeping Forgotten Paper Hidden Copper Southern Final Gentle"),
		nouns:      words("Orchard Window Lantern Signal Clock Compass Meadow Corridor Heron Atlas Chapel Furnace Telescope Vineyard Masquerade Quarry Pendulum Tower"),
		abstracts:  words("Honour Memory Courage Sorrow Thirst Absence Wonder Deceit"),
		gerunds:    words("Chasing Painting Remembering Building Losing Feeding Answering"),
		plurals:    words("Swallows Ashes Orphans Letters Tides Brothers Acrobats Candles Wolves"),
	}
}

// A titler hands out titles, none twice.
type titler struct {
	d     *draw
	words titleWords
	towns []string
	seen  map[string]bool
}

// next returns a new title. Bands and albums draw from the same words as
// films and novels, so that distractors look alike.
func (t *titler) next() string {
	for {
		w := t.words
		var s string
		switch t.d.intn(12) {
		case 0, 1, 2:
			s = "The " + pick(t.d, w.adjectives) + " " + pick(t.d, w.nouns)
		case 3, 4:
			s = "The " + pick(t.d, w.nouns) + " of " + pick(t.d, w.abstracts)
		case 5:
			s = pick(t.d, w.gerunds) + " " + pick(t.d, w.plurals)
		case 6:
			s = "A " + pick(t.d, w.nouns) + " in " + pick(t.d, t.towns)
		case 7:
			s = pick(t.d, w.plurals) + " and " + pick(t.d, w.abstracts)
		case 8:
			s = pick(t.d, w.adjectives) + " " + pick(t.d, w.plurals)
		case 9:
			s = "The " + pick(t.d, w.nouns) + " at " + pick(t.d, t.towns)
		case 10:
			s = pick(t.d, w.gerunds) + " the " + pick(t.d, w.nouns)
		default:
			s = pick(t.d, words("Three Seven Nine Twelve")) + " " + pick(t.d, w.plurals)
		}
		s = fixArticles(s)
		if !t.seen[s] {
			t.seen[s] = true
			return s
		}
	}
}
