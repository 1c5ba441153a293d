package report_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/report"
)

// fataler is a test, or a check of a property.
type fataler interface {
	Helper()
	Fatal(...any)
}

func markdown(tb fataler, s report.Summary, o report.MarkdownOptions) string {
	tb.Helper()
	var b strings.Builder
	if err := s.Markdown(&b, o); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

func summarized(tb fataler, in report.Input) report.Summary {
	tb.Helper()
	s, err := report.Summarize(in)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func TestMarkdown(t *testing.T) {
	s := summarized(t, input())
	golden(t, "pull-request.md", markdown(t, s, report.MarkdownOptions{Run: "my run", Command: "gepa optimize --program hotpotqa"}))
	s.Test, s.Status, s.Simulated, s.Models.Task.Simulated = nil, report.StatusInterrupted, true, true
	golden(t, "pull-request-untested.md", markdown(t, s, report.MarkdownOptions{}))
}

// parts takes a comment apart: its code blocks, and the rest.
func parts(tb testing.TB, text string) (blocks []string, rest string) {
	tb.Helper()
	fence := ""
	var block, outside []string
	for line := range strings.SplitSeq(text, "\n") {
		ticks := line[:len(line)-len(strings.TrimLeft(line, "`"))]
		switch {
		case fence == "" && len(ticks) >= 3:
			fence, block = ticks, nil
		case fence == "":
			outside = append(outside, line)
		case strings.TrimSpace(line) == strings.Repeat("`", max(len(ticks), 1)) && len(ticks) >= len(fence):
			blocks, fence = append(blocks, strings.Join(block, "\n")), ""
		default:
			block = append(block, line)
		}
	}
	if fence != "" {
		tb.Fatalf("a code block is not closed:\n%.2000s", text)
	}
	return blocks, strings.Join(outside, "\n")
}

// withoutSpans takes code spans out of a text: what stands between runs of
// backticks of one length.
func withoutSpans(text string) string {
	runs := regexp.MustCompile("`+|\\\\.")
	for from := 0; ; {
		at := runs.FindStringIndex(text[from:])
		if at == nil {
			return text
		}
		begin, end := from+at[0], from+at[1]
		ticks := text[begin:end]
		if from = end; ticks[0] == '\\' {
			continue
		}
		for next := end; ; {
			match := runs.FindStringIndex(text[next:])
			if match == nil {
				break
			}
			if text[next+match[0]:next+match[1]] == ticks {
				text, from = text[:begin]+text[next+match[1]:], begin
				break
			}
			next += match[1]
		}
	}
}

func decoded(text string) rune {
	r, _ := utf8.DecodeRuneInString(text)
	return r
}

// What models and data wrote is text, wherever it stands.
func TestMarkdownHostile(t *testing.T) {
	for _, text := range []string{
		"</details><script>alert(1)</script>", "```\n# heading\n```", "````````\n<img src=x onerror=alert(1)>", "@octocat fixes #1 https://evil.example www.evil.example",
		"a|b\n|---|\n[x](javascript:alert(1)) ![](http://evil.example/x.png)", "\x1b[31mred\x00\u202e\u2028", "$\\evil$ <!-- -->", "~~~\n> quote", "\r```\r</details>",
	} {
		in := input()
		in.Program = text
		in.Models.Task.Name = text
		in.Result.Stop.Detail = text
		in.Components[0].Name = "reason" // names of components are checked when a run begins
		for i := range in.Result.Pool {
			in.Result.Pool[i].Texts = in.Result.Pool[i].Texts.With(map[string]string{"reason": strings.Repeat("x\n", i) + text})
		}
		s := summarized(t, in)
		s.Components[1].Name, s.Components[1].Changed, s.Components[1].Diff = text, true, "--- a\n+++ b\n@@ -1 +1 @@\n-"+text+"\n+x\n"
		s.Test.Conclusion, s.Test.Measures[0].Name = text, text+text
		got := markdown(t, s, report.MarkdownOptions{Run: text, Command: text})
		blocks, rest := parts(t, got)
		if len(blocks) != 3 {
			t.Errorf("%q: %d code blocks, want two diffs and the commands", text, len(blocks))
		}
		// Code spans are text; what is left must hold none of this.
		plain := withoutSpans(regexp.MustCompile("<code>[^<]*</code>").ReplaceAllString(rest, ""))
		plain = regexp.MustCompile(`\\[[:punct:]]`).ReplaceAllString(plain, "·")
		for _, bad := range []string{"<script", "<img", "\n# ", "](", "<!--", "\n|---|\n[", "\n> quote", "\n~~~"} {
			if strings.Contains(plain, bad) {
				t.Errorf("%q: %q stands in\n%s", text, bad, plain)
			}
		}
		for _, pattern := range []string{`(^|\s)@\w`, `(^|\s)#\d`, `\bhttps?://`, `\bwww\.`} {
			if found := regexp.MustCompile(pattern).FindString(plain); found != "" {
				t.Errorf("%q: %q stands in\n%s", text, found, plain)
			}
		}
		if n := strings.Count(plain, "<details>"); n != strings.Count(plain, "</details>") || n != 3 {
			t.Errorf("%q: %d details are opened", text, n)
		}
		if i := strings.IndexFunc(got, func(r rune) bool { return r != '\n' && r < ' ' || r == '\u202e' || r == '\u2028' }); i >= 0 {
			t.Errorf("%q: character %U", text, decoded(got[i:]))
		}
	}
}

// However long the texts, a comment is within its limit, says what it leaves
// out, and keeps the conclusion, the figures and the commands.
func TestMarkdownLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := input()
		line := rapid.SampledFrom([]string{"a line of text\n", "`````", strings.Repeat("long ", 100) + "\n", "ü\n", "<&>|\n"}).Draw(t, "line")
		n := rapid.IntRange(0, 3_000).Draw(t, "lines")
		in.Components = nil
		components := rapid.IntRange(1, 30).Draw(t, "components")
		base, best := gepa.Candidate{}, gepa.Candidate{}
		for i := range components {
			name := string(rune('a'+i%26)) + strings.Repeat("x", i)
			in.Components = append(in.Components, gepa.Component{Name: name, Text: "start"})
			base[name], best[name] = "start", strings.Repeat(line, 1+n/components/(i+1))
		}
		for i := range in.Result.Pool {
			in.Result.Pool[i].Texts = base
		}
		in.Result.Best.Texts, in.Result.Pool[in.Result.Best.ID].Texts = best, best
		limit := rapid.SampledFrom([]int{0, 10_000, 20_000}).Draw(t, "limit")
		got := markdown(t, summarized(t, in), report.MarkdownOptions{Run: "run", Command: strings.Repeat("gepa ", 2000), Limit: limit})
		if limit == 0 {
			limit = report.CommentLimit
		}
		size := utf8.RuneCountInString(got)
		if size > limit {
			t.Fatalf("%d characters, the limit is %d", size, limit)
		}
		cut := strings.Contains(got, "The diff is cut here") || strings.Contains(got, "no room here")
		if cut && size < limit/2 {
			t.Fatalf("something is left out, and of %d characters %d are used", limit, size)
		}
		for _, want := range []string{"Sealed test set", "gepa apply run", "What it took"} {
			if !strings.Contains(got, want) {
				t.Fatalf("%q is missing", want)
			}
		}
	})
}
