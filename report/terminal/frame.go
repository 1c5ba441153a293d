package terminal

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/gepa-go/gepa/report"
	"github.com/gepa-go/gepa/report/view"
)

// A picture is what the live region is drawn from.
type picture struct {
	run *view.Run
	// edits are the words that a candidate changed, by component.
	edits func(candidate int) []edit
	// frontier is the mean of the best scores on each validation example, after
	// each point of the run.
	frontier []float64
	now      time.Time
	columns  int
	// color says that changes need no signs.
	color bool
	// paused says that nothing new is begun.
	paused bool
	// warnings are those that are not in the journal: how many, and the last.
	warnings int
	warned   view.Note
}

// A part is one or more rows of the live region that belong together.
type part struct {
	// rank says what loses rows first where there is no room: the highest.
	rank int
	// least is how many rows are worth having; the part goes as a whole only
	// when no other has more than its least.
	least int
	rows  []line
}

// stack puts parts one below the other in at most so many rows.
func stack(parts []part, rows int) []line {
	total := 0
	for _, p := range parts {
		total += len(p.rows)
	}
	worst := func(more func(part) bool) *part {
		var found *part
		for i := range parts {
			if p := &parts[i]; more(*p) && (found == nil || p.rank > found.rank) {
				found = p
			}
		}
		return found
	}
	for ; total > rows; total-- {
		p := worst(func(p part) bool { return len(p.rows) > p.least })
		if p == nil {
			p = worst(func(p part) bool { return len(p.rows) > 0 })
		}
		if p == nil {
			break
		}
		p.rows = p.rows[:len(p.rows)-1]
	}
	var out []line
	for _, p := range parts {
		out = append(out, p.rows...)
	}
	return out
}

// overview is the first page.
func (p picture) overview(rows int) []line {
	return stack([]part{
		{rank: 0, least: 1, rows: []line{p.head()}},
		{rank: 1, least: 1, rows: p.scores()},
		{rank: 3, least: 1, rows: p.inFlight(max(3, (rows-6)/2))},
		{rank: 6, least: 0, rows: p.edit(max(2, (rows-8)/2))},
		{rank: 4, least: 1, rows: p.spend()},
		{rank: 5, least: 1, rows: p.trouble()},
	}, rows)
}

// label is the width of the names at the left edge.
func (p picture) label() int {
	if p.columns < 50 {
		return 5
	}
	return 10
}

func (p picture) labelled(long, short string) line {
	if p.columns < 50 {
		long = short
	}
	return styled(faint, padded(long, p.label()))
}

// head says what the run is doing, and how far it is.
func (p picture) head() line {
	h := p.run.Head
	var l line
	if p.paused {
		l.add(warning, "paused ")
	}
	what, share := p.doing()
	l.add(strong, what)
	if n := h.Counts.Rollouts; n > 0 && h.Phase == view.PhaseSearch && p.columns >= 50 {
		of := ""
		if b := h.Budget.Rollouts; b > 0 {
			of = fmt.Sprintf("/%d", b)
		}
		l.add(normal, fmt.Sprintf(" · %d%s rollouts", n, of))
	}
	if left := p.left(); left != "" {
		l.add(faint, "  "+left)
	}
	if math.IsNaN(share) {
		return l
	}
	percent := fmt.Sprintf(" %3.0f %%", 100*share)
	if p.columns < 40 {
		return append(line{{normal, strings.TrimSpace(percent) + " "}}, l...)
	}
	room := min(p.columns-l.width()-4-columnsOf(percent), 30)
	if room < 5 {
		return l
	}
	done, rest := bar(share, room)
	return beside(l, line{{accent, done}, {faint, rest}, {normal, percent}}, p.columns-1)
}

// doing says what is going on, and the share of it that is done; NaN if that
// is not known.
func (p picture) doing() (string, float64) {
	h := p.run.Head
	c, b := h.Counts, h.Budget
	switch h.Phase {
	case view.PhaseBase:
		return fmt.Sprintf(choose(p.columns < 40, "base %d/%d", "validating the base %d/%d"), c.ValidationRollouts, h.Data.Validation),
			share(c.ValidationRollouts, h.Data.Validation)
	case view.PhaseSearch:
		whole := math.NaN()
		atLeast := func(v float64) {
			if !math.IsNaN(v) && !(whole >= v) {
				whole = v
			}
		}
		atLeast(share(c.Committed, b.Proposals))
		atLeast(share(c.Rollouts, b.Rollouts))
		atLeast(share(int(h.Spend.Total.CostNanos), int(b.CostNanos)))
		atLeast(share(int(p.elapsed().Milliseconds()), int(b.TimeMillis)))
		if b.Proposals > 0 {
			return fmt.Sprintf("proposal %d/%d", c.Committed, b.Proposals), whole
		}
		return fmt.Sprintf("proposal %d", c.Committed), whole
	case view.PhaseStopping:
		return "the search is over", math.NaN()
	case view.PhaseTest:
		return fmt.Sprintf("test set %d/%d", c.TestDone, c.TestTotal), share(c.TestDone, c.TestTotal)
	case view.PhaseOver:
		return "over", 1
	case view.PhaseStarting:
	}
	return "starting", math.NaN()
}

func share(done, of int) float64 {
	if of <= 0 {
		return math.NaN()
	}
	return min(float64(done)/float64(of), 1)
}

func (p picture) left() string {
	h := p.run.Head
	if h.LeftMillis != nil && h.Phase != view.PhaseOver && !p.paused {
		return "about " + about(time.Duration(*h.LeftMillis)*time.Millisecond) + " left"
	}
	if elapsed := p.elapsed(); elapsed > 0 {
		return about(elapsed)
	}
	return ""
}

// elapsed is how long the run has been at work: the journal's time, and that
// since its last record.
func (p picture) elapsed() time.Duration {
	h := p.run.Head
	worked := time.Duration(h.ElapsedMillis) * time.Millisecond
	if h.Status == report.StatusRunning && h.Phase != view.PhaseOver && h.Updated != nil && p.now.After(*h.Updated) {
		worked += p.now.Sub(*h.Updated)
	}
	return worked
}

// scores are the best and the frontier's scores, as figures and as sparklines.
func (p picture) scores() []line {
	points := p.run.Points
	if len(points) == 0 {
		return nil
	}
	best, own := make([]float64, len(points)), make([]float64, len(points))
	for i, pt := range points {
		best[i], own[i] = float64(pt.Best), float64(pt.Score)
	}
	low, high := extent(best, p.frontier, own)
	row := func(long, short string, series []float64, s style, tail string) line {
		l := p.labelled(long, short)
		l.add(strong, figure(series[len(series)-1]))
		l.add(normal, " ")
		l.add(s, sparkline(p.overRollouts(series, min(40, p.columns/3)), low, high))
		if tail := styled(faint, tail); l.width()+2+tail.width() < p.columns {
			l.add(faint, "  ")
			l = append(l, tail...)
		}
		return l
	}
	h := p.run.Head
	tail := ""
	if h.Best != nil {
		tail = fmt.Sprintf("candidate %d, base %s", *h.Best, figure(own[0]))
	}
	rows := []line{row("best", "best", best, good, tail)}
	if len(p.frontier) > 0 {
		rows = append(rows, row("frontier", "frnt", p.frontier, accent,
			fmt.Sprintf("%d of %d candidates", len(h.Frontier), len(p.run.Candidates))))
	}
	return rows
}

// overRollouts returns, for so many equal steps of rollouts from the base's
// validation until now, the last number by then of a series that has one for
// each point of the run.
func (p picture) overRollouts(series []float64, columns int) []float64 {
	points := p.run.Points
	from, to := points[0].Rollouts, max(p.run.Head.Counts.Rollouts, points[len(points)-1].Rollouts)
	out := make([]float64, columns)
	at := 0
	for i := range out {
		by := from + (to-from)*(i+1)/columns
		for at+1 < len(series) && points[at+1].Rollouts <= by {
			at++
		}
		out[i] = series[at]
	}
	return out
}

// figure shows a score.
func figure(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "–"
	}
	return fmt.Sprintf("%.4f", v)
}

// spend is what was consumed: all of it, then by role.
func (p picture) spend() []line {
	s := p.run.Head.Spend
	if s.Total.Calls+s.Total.Cached == 0 {
		return nil
	}
	first := p.labelled("spend", "cost")
	first.add(strong, s.Total.Cost)
	first.add(normal, " · "+short(s.Total.Calls)+" calls")
	if s.Rate > 0 && !p.paused && p.run.Head.Phase != view.PhaseOver {
		first.add(normal, " · "+rate(s.Rate))
	}
	first.add(normal, " · "+short(s.Total.InputTokens+s.Total.OutputTokens)+" tokens")
	if s.CacheShare.Known() && s.Total.Cached > 0 {
		first.add(normal, fmt.Sprintf(" · %.0f %% from the cache", 100*float64(s.CacheShare)))
	}
	second := p.labelled("", "")
	some := false
	for _, role := range []string{"task", "test", "judge", "reflection", "failed"} {
		u := s.ByRole[role]
		if u.Calls+u.Cached == 0 {
			continue
		}
		if some {
			second.add(faint, " · ")
		}
		some = true
		second.add(faint, role+" ")
		second.add(normal, short(u.Calls+u.Cached))
		if u.CostNanos > 0 {
			second.add(faint, " "+u.Cost)
		}
	}
	if !some {
		return []line{first}
	}
	return []line{first, second}
}

func rate(perSecond float64) string {
	switch {
	case perSecond >= 10:
		return fmt.Sprintf("%.0f calls/s", perSecond)
	case perSecond >= 1:
		return fmt.Sprintf("%.1f calls/s", perSecond)
	}
	return fmt.Sprintf("%.0f calls/min", 60*perSecond)
}

// trouble is how often something failed, and what was said of it last.
func (p picture) trouble() []line {
	h := p.run.Head
	last := p.warned
	for _, n := range h.Notes {
		if n.Level == view.LevelWarn && n.At.After(last.At) {
			last = n
		}
	}
	l := p.labelled("trouble", "!")
	said := false
	say := func(n int, what string) {
		if n == 0 {
			return
		}
		if said {
			l.add(faint, " · ")
		}
		said = true
		l.add(warning, counted(n, what))
	}
	say(h.Counts.Failures, "failed attempt")
	say(p.warnings, "warning")
	if last.Text != "" {
		if said {
			l.add(faint, " · ")
		}
		if ago := p.now.Sub(last.At); ago >= 0 {
			l.add(faint, about(ago)+" ago ")
		}
		l.add(normal, strings.TrimPrefix(last.Text, "an attempt failed: "))
		said = true
	}
	if !said {
		return nil
	}
	return []line{l}
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// short shows a number with two or three digits: "950", "12.3k", "4.5M".
func short(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprint(n)
	case n < 1_000_000:
		return fmt.Sprintf("%.1fk", float64(n)/1e3)
	default:
		return fmt.Sprintf("%.1fM", float64(n)/1e6)
	}
}

// about shows a duration as people say it: "8s", "3m20s", "2h05m".
func about(d time.Duration) string {
	s := int(d.Round(time.Second) / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	default:
		return fmt.Sprintf("%dh%02dm", s/3600, s%3600/60)
	}
}
