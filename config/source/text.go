package source

import (
	"path/filepath"
	"slices"
	"strings"
)

const bom = "\ufeff"

// plain returns the place of a text that stands in the file as it is, between
// two bytes. Line breaks at its end are the file's.
func plain(data string, start, end int) place {
	body := strings.TrimRight(data[start:end], "\r\n")
	lineBreak := "\n"
	if strings.Contains(data, "\r\n") && strings.Count(data, "\r\n") == strings.Count(data, "\n") {
		lineBreak = "\r\n"
	}
	return place{
		text: strings.ReplaceAll(body, "\r\n", "\n"), start: start, end: start + len(body),
		forms: func(text string) []string { return []string{strings.ReplaceAll(text, "\n", lineBreak)} },
	}
}

func findFile(s Spec, data string) (place, error) {
	start := 0
	if strings.HasPrefix(data, bom) {
		start = len(bom)
	}
	if slices.Contains([]string{".md", ".markdown", ".mdx", ".mdc"}, strings.ToLower(filepath.Ext(s.Path))) {
		matter, err := frontMatter(s, data[start:])
		if err != nil {
			return place{}, err
		}
		if matter > 0 {
			start += matter
			rest := strings.TrimLeft(data[start:], "\r\n")
			start = len(data) - len(rest)
		}
	}
	return plain(data, start, len(data)), nil
}

// frontMatter returns the length of the front matter: from a first line --- to
// the next one.
func frontMatter(s Spec, data string) (int, error) {
	at := 0
	for i, line := range slices.Collect(strings.Lines(data)) {
		at += len(line)
		fence := strings.TrimRight(line, " \t\r\n") == "---"
		switch {
		case i == 0 && !fence:
			return 0, nil
		case i > 0 && fence:
			return at, nil
		}
	}
	if at == 0 {
		return 0, nil
	}
	return 0, invalidf("%s:1: the front matter is not closed: a line --- is missing after it", s.Path)
}

// mark is one end of a region.
type mark struct {
	line              int // from 1
	lineStart         int
	lineEnd           int // behind the line break
	comment, commentE int // of the HTML comment that it is; -1 if it is none
}

func findRegion(s Spec, data string) (place, error) {
	begins, names := marks(data, "gepa:begin", s.Marker)
	ends, _ := marks(data, "gepa:end", s.Marker)
	switch {
	case len(begins) == 0 && len(names) == 0:
		return place{}, invalidf("%s: no region is marked in it; mark one by a line with gepa:begin %s and one with gepa:end %s", s.Path, s.Marker, s.Marker)
	case len(begins) == 0:
		return place{}, invalidf("%s: no region %q is marked in it; there are: %s", s.Path, s.Marker, strings.Join(names, ", "))
	case len(begins) > 1:
		return place{}, invalidf("%s:%d: region %q begins a second time; it began in line %d", s.Path, begins[1].line, s.Marker, begins[0].line)
	case len(ends) == 0:
		return place{}, invalidf("%s:%d: region %q is not closed: a line with gepa:end %s is missing", s.Path, begins[0].line, s.Marker, s.Marker)
	case len(ends) > 1:
		return place{}, invalidf("%s:%d: region %q ends a second time; it ended in line %d", s.Path, ends[1].line, s.Marker, ends[0].line)
	}
	b, e := begins[0], ends[0]
	start, end := b.lineEnd, e.lineStart
	if b.comment >= 0 && e.comment >= 0 {
		if inline := strings.TrimSpace(data[b.commentE:b.lineEnd]) != ""; inline {
			start, end = b.commentE, e.comment
		}
	}
	if start > end {
		return place{}, invalidf("%s:%d: region %q ends before it begins, in line %d", s.Path, e.line, s.Marker, b.line)
	}
	p := plain(data, start, end)
	if p.text == "" && start == b.lineEnd && !strings.Contains(data[start:end], "\n") {
		// An empty region of lines: a text in it needs its own line break.
		inner := p.forms
		p.forms = func(text string) []string { return []string{inner(text)[0] + "\n"} }
	}
	return p, nil
}

// marks returns the marks of one kind with a name, and the names of all.
func marks(data, word, name string) (found []mark, names []string) {
	at := 0
	for n, line := range slices.Collect(strings.Lines(data)) {
		for i := 0; ; {
			k := strings.Index(line[i:], word)
			if k < 0 {
				break
			}
			k += i
			i = k + len(word)
			fields := strings.Fields(line[i:])
			if len(fields) == 0 || line[i] != ' ' && line[i] != '\t' {
				continue
			}
			own, _, _ := strings.Cut(fields[0], "-->")
			if !markerName.MatchString(own) {
				continue
			}
			names = append(names, own)
			if own != name {
				continue
			}
			m := mark{line: n + 1, lineStart: at, lineEnd: at + len(line), comment: -1}
			if open := strings.LastIndex(line[:k], "<!--"); open >= 0 && strings.TrimSpace(line[open+4:k]) == "" {
				if closing := strings.Index(line[k:], "-->"); closing >= 0 {
					m.comment, m.commentE = at+open, at+k+closing+3
				}
			}
			found = append(found, m)
		}
		at += len(line)
	}
	return found, names
}
