package terminal

import (
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/gepa-go/gepa/report/view"
)

// frameTime is how often the region is drawn anew at most.
const frameTime = 100 * time.Millisecond

// The messages that the model gets beside keys and sizes.
type (
	tickMsg      time.Time
	printedMsg   struct{}
	endMsg       struct{}
	dashboardMsg struct {
		address string
		err     error
	}
)

// model is the state of the live region. It is used by one goroutine.
type model struct {
	o     Options
	lines *outbox // what is to be printed, shared with the [View]
	keys  keyMap

	run      *view.Run
	frontier frontierSeries
	edits    map[int][]edit // by candidate

	columns, rows int
	tallest       int // rows that the region had, so that it does not jump
	page          page
	selected      [pages]int
	help          bool
	asking        bool   // whether to stop
	message       string // what came of the last key
	interrupts    int
	printing      bool // lines are on their way above the region
	ending, over  bool
}

func newModel(o Options, lines *outbox) *model {
	return &model{o: o, lines: lines, keys: newKeys(o), edits: map[int][]edit{}, columns: 80, rows: 24}
}

// Init implements [tea.Model].
func (m *model) Init() tea.Cmd { return tick() }

func tick() tea.Cmd { return tea.Tick(frameTime, func(t time.Time) tea.Msg { return tickMsg(t) }) }

// Update implements [tea.Model].
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		if msg.Width > 0 && msg.Height > 0 { // what is no terminal has none
			m.columns, m.rows, m.tallest = msg.Width, msg.Height, 0
		}
	case tickMsg:
		m.look()
		return m, tea.Batch(m.print(), tick())
	case printedMsg:
		m.printing = false
		return m, m.print()
	case endMsg:
		m.look()
		m.ending = true
		return m, m.print()
	case dashboardMsg:
		m.message = ""
		if msg.err != nil {
			m.lines.add(styled(bad, "the dashboard cannot be opened: "+msg.err.Error()))
		} else {
			m.lines.add(plain("dashboard  " + msg.address))
		}
	case tea.KeyPressMsg:
		return m, m.press(msg)
	}
	return m, nil
}

// look takes in how the run stands now.
func (m *model) look() {
	if run := m.o.Run(); run != nil {
		m.run = run
		m.frontier.grow(run)
	}
}

// print sends what is to be kept above the region, line by line and in order:
// the next lines wait until these are there. At the end of all it quits.
func (m *model) print() tea.Cmd {
	if m.printing || m.over {
		return nil
	}
	lines := m.lines.take()
	if len(lines) == 0 {
		if m.ending {
			m.over = true
			return tea.Quit
		}
		return nil
	}
	m.printing = true
	var cmds []tea.Cmd
	for _, l := range lines {
		// A row that the terminal would break is broken here.
		for _, row := range broken(l, m.columns) {
			text := row.draw(m.o.palette(), max(m.columns, 1))
			cmds = append(cmds, tea.Println(choose(text != "", text, " "))) // nothing is not printed
		}
	}
	return tea.Sequence(append(cmds, func() tea.Msg { return printedMsg{} })...)
}

// broken breaks a line that does not fit.
func broken(l line, columns int) []line {
	if l.width() < columns || columns < 8 {
		return []line{l}
	}
	if rows := wrapped(l, columns-1, 1<<10); len(rows) > 0 {
		return rows
	}
	return []line{nil}
}

// region returns how many rows the region may have: less than the screen, or
// printing above it would push its own rows into the history.
func (m *model) region() int { return max(1, min(m.rows-1, max(8, m.rows*2/3))) }

// View implements [tea.Model].
func (m *model) View() tea.View {
	rows := m.draw()
	p := m.o.palette()
	var b strings.Builder
	for i, l := range rows {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(l.draw(p, m.columns-1))
	}
	if m.over && len(rows) > 0 {
		b.WriteString("\n\n") // the last row is erased at the end
	}
	v := tea.NewView(b.String())
	v.DisableBracketedPasteMode = true
	return v
}

// draw returns the region's rows.
func (m *model) draw() []line {
	switch {
	case m.over && m.run != nil:
		return m.picture().scores()
	case m.over:
		return nil
	case m.run == nil:
		return []line{styled(faint, "starting")}
	}
	rows := m.region()
	body := rows
	bar := m.bar()
	if rows > 2 {
		body--
	} else if !m.asking {
		bar = nil
	}
	var above []line // what sets the region apart
	if m.rows >= 20 {
		above = []line{nil}
		body--
	}
	var out []line
	if m.help {
		out = m.keys.list(body)
	} else {
		out = m.picture().content(m.page, m.selected[m.page], body)
	}
	m.tallest = min(max(m.tallest, len(out)), body)
	for len(out) < m.tallest {
		out = append(out, nil)
	}
	out = append(above, out...)
	if bar != nil {
		out = append(out, bar)
	}
	return out[:min(len(out), rows)]
}

func (m *model) picture() picture {
	warnings, warned := m.lines.warned()
	return picture{
		run: m.run, edits: m.editsOf, frontier: m.frontier.series, now: m.o.Now(), columns: m.columns, color: m.o.Color,
		paused: m.paused(), warnings: warnings, warned: warned,
	}
}

func (m *model) paused() bool {
	return m.o.Controls != nil && m.o.Controls.Paused() || m.run.Head.Paused
}

// editsOf returns what a candidate changed in its first parent's texts.
func (m *model) editsOf(candidate int) []edit {
	if e, known := m.edits[candidate]; known {
		return e
	}
	var e []edit
	if c := m.run.Candidates[candidate]; len(c.Parents) > 0 {
		e = editsBetween(m.run.Head.Components, m.o.Texts(c.Parents[0]), m.o.Texts(candidate))
	}
	m.edits[candidate] = e
	return e
}

// bar is the last row: the keys, a question, or what came of the last key.
func (m *model) bar() line {
	switch {
	case m.asking:
		return styled(warning, choose(m.columns < 65, "stop? s: yes, else no", "stop after the proposals in flight? s: yes, any other key: no"))
	case m.interrupts > 0:
		return styled(warning, choose(m.columns < 60, "ctrl+c: end at once", "stopping: what is done is kept; ctrl+c ends at once"))
	case m.message != "":
		return styled(accent, m.message)
	}
	return m.keys.bar(m.page, m.columns, m.paused())
}

// press does what a key says.
func (m *model) press(msg tea.KeyPressMsg) tea.Cmd {
	if m.asking {
		m.asking = false
		if key.Matches(msg, m.keys.stop) {
			m.o.Controls.Stop()
			m.message = "the search stops after the proposals in flight"
		}
		if !key.Matches(msg, m.keys.interrupt) {
			return nil
		}
	}
	m.message = ""
	switch {
	case key.Matches(msg, m.keys.interrupt):
		m.interrupts++
		m.o.Interrupt()
	case key.Matches(msg, m.keys.suspend):
		return tea.Suspend
	case key.Matches(msg, m.keys.pause):
		if m.o.Controls.Paused() {
			m.o.Controls.Resume()
		} else {
			m.o.Controls.Pause()
		}
		m.look()
	case key.Matches(msg, m.keys.stop):
		m.asking = true
	case key.Matches(msg, m.keys.open):
		m.message = "opening the dashboard"
		open := m.o.Dashboard
		return func() tea.Msg {
			address, err := open()
			return dashboardMsg{address, err}
		}
	case key.Matches(msg, m.keys.help):
		m.help = !m.help
	case key.Matches(msg, m.keys.next):
		m.page, m.help = (m.page+1)%pages, false
	case key.Matches(msg, m.keys.previous):
		m.page, m.help = (m.page+pages-1)%pages, false
	default:
		m.move(msg)
	}
	return nil
}

// move moves the selection of a list.
func (m *model) move(msg tea.KeyPressMsg) {
	if m.run == nil {
		return
	}
	at := &m.selected[m.page]
	last := m.picture().listed(m.page) - 1
	switch {
	case key.Matches(msg, m.keys.up):
		*at--
	case key.Matches(msg, m.keys.down):
		*at++
	case key.Matches(msg, m.keys.pageUp):
		*at -= m.region() - 2
	case key.Matches(msg, m.keys.pageDown):
		*at += m.region() - 2
	case key.Matches(msg, m.keys.first):
		*at = 0
	case key.Matches(msg, m.keys.last):
		*at = last
	}
	*at = max(0, min(*at, last))
}
