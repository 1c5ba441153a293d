package world

import (
	"fmt"
	"slices"
	"strconv"
)

// A value is what is true of an entity under one key.
type value struct {
	text string  // as it stands in prose, and as an answer
	ref  *entity // the entity it names, if it names one
	num  int     // what comparisons compare: a year, a day number, a length
}

// An entity is one thing of the invented world; it has one article.
type entity struct {
	kind string
	name string // the article's title
	// person is true of people, whatever their walk of life; male is theirs.
	person, male bool
	// attrs is read by key only, never ranged over: order must not matter.
	attrs map[string]value
	// article is filled in by the prose writer.
	article []sentence
	// named are the entities that the article mentions, and keywords the
	// words of the title; both are set with the article.
	named    []*entity
	keywords []string
}

// A sentence is one sentence of an article and the keys it states.
type sentence struct {
	text  string
	keys  []string
	group string
}

func (e *entity) set(key, text string)             { e.attrs[key] = value{text: text} }
func (e *entity) setRef(key string, to *entity)    { e.attrs[key] = value{text: to.name, ref: to} }
func (e *entity) setNum(key, text string, num int) { e.attrs[key] = value{text: text, num: num} }
func (e *entity) ref(key string) *entity           { return e.attrs[key].ref }
func (e *entity) num(key string) int               { return e.attrs[key].num }

func (e *entity) has(key string) bool {
	_, ok := e.attrs[key]
	return ok
}

// setYear stores a plain year.
func (e *entity) setYear(key string, year int) { e.setNum(key, strconv.Itoa(year), year) }

// setQuantity stores a number with an optional unit, as in "1,240 metres".
func (e *entity) setQuantity(key string, n int, unit string) {
	text := thousands(n)
	if unit != "" {
		text += " " + unit
	}
	e.setNum(key, text, n)
}

// setDate stores a date under key and its year under key+"Year".
func (e *entity) setDate(key string, d date, monthFirst bool) {
	e.setNum(key, d.text(monthFirst), d.number())
	e.setYear(key+"Year", d.year)
}

// stating returns the index of the first sentence that states a key, -1 if
// none does. A date states its year.
func (e *entity) stating(key string) int {
	return slices.IndexFunc(e.article, func(s sentence) bool {
		return slices.Contains(s.keys, key) ||
			len(key) > 4 && key[len(key)-4:] == "Year" && slices.Contains(s.keys, key[:len(key)-4])
	})
}

// mentions reports whether an article names another entity through any key.
func (e *entity) mentions(other *entity) bool { return slices.Contains(e.named, other) }

// index sets what is looked up about a finished article.
func (e *entity) index() {
	e.keywords = keywords(e.name)
	for _, s := range e.article {
		for _, k := range s.keys {
			if to := e.attrs[k].ref; to != nil && !e.mentions(to) {
				e.named = append(e.named, to)
			}
		}
	}
}

// A date is a day of the Gregorian calendar, which the invented world shares.
type date struct{ day, month, year int }

func (d date) number() int { return d.year*372 + (d.month-1)*31 + d.day }

func (d date) text(monthFirst bool) string {
	months := [...]string{
		"January", "February", "March", "April", "May", "June", "July", "August",
		"September", "October", "November", "December",
	}
	if monthFirst {
		return fmt.Sprintf("%s %d, %d", months[d.month-1], d.day, d.year)
	}
	return fmt.Sprintf("%d %s %d", d.day, months[d.month-1], d.year)
}

func (d *draw) date(year int) date {
	return date{day: d.between(1, 28), month: d.between(1, 12), year: year}
}

// thousands writes 23410 as "23,410".
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
