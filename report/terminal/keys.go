package terminal

import (
	"charm.land/bubbles/v2/key"
)

// keyMap says which keys do what. What cannot be done is disabled.
type keyMap struct {
	pause, stop, open, next, previous, up, down, pageUp, pageDown, first, last, help, interrupt, suspend key.Binding

	leaves bool // an interrupt leaves the view alone
}

func newKeys(o Options) keyMap {
	bind := func(on bool, shown, what string, keys ...string) key.Binding {
		b := key.NewBinding(key.WithKeys(keys...), key.WithHelp(shown, what))
		b.SetEnabled(on)
		return b
	}
	controlled := o.Controls != nil
	return keyMap{
		pause:     bind(controlled, "p", "pause, or go on", "p"),
		stop:      bind(controlled, "s", "stop after those in flight", "s"),
		open:      bind(o.Dashboard != nil, "o", "open the dashboard", "o"),
		next:      bind(true, "tab", "next page; → and ←", "tab", "right", "l"),
		previous:  bind(true, "", "", "shift+tab", "left", "h"),
		up:        bind(true, "↑ ↓", "select", "up", "k"),
		down:      bind(true, "", "", "down", "j"),
		pageUp:    bind(true, "pgup pgdn", "scroll; home and end", "pgup"),
		pageDown:  bind(true, "", "", "pgdown", "space"),
		first:     bind(true, "", "", "home", "g"),
		last:      bind(true, "", "", "end", "G"),
		help:      bind(true, "?", "this, or back", "?"),
		interrupt: bind(o.Interrupt != nil, "ctrl+c", o.interruptWords(), "ctrl+c", "q"),
		suspend:   bind(true, "ctrl+z", "suspend", "ctrl+z"),
		leaves:    o.Leaves,
	}
}

// bar is the row of keys at the bottom: as many as there is room for.
func (k keyMap) bar(at page, columns int, paused bool) line {
	type entry struct {
		key  key.Binding
		what string
		rank int // what is left out first has the highest
	}
	entries := []entry{
		{k.pause, choose(paused, "go on", "pause"), 1},
		{k.stop, "stop", 2},
		{k.open, "dashboard", 4},
		{k.next, ((at + 1) % pages).name(), 5},
		{k.help, "help", 0},
		{k.interrupt, choose(k.leaves, "leave", "interrupt"), 3},
	}
	for rank := 6; ; rank-- {
		var l line
		for _, e := range entries {
			if !e.key.Enabled() || e.rank >= rank {
				continue
			}
			if len(l) > 0 {
				l.add(faint, " · ")
			}
			l.add(strong, e.key.Help().Key)
			l.add(faint, " "+e.what)
		}
		if rank == 1 || l.width() < columns {
			return l
		}
	}
}

// list shows all keys in at most so many rows.
func (k keyMap) list(rows int) []line {
	var out []line
	for _, b := range []key.Binding{k.pause, k.stop, k.open, k.next, k.up, k.pageUp, k.help, k.suspend, k.interrupt} {
		if !b.Enabled() {
			continue
		}
		var l line
		l.add(strong, padded(b.Help().Key, 11))
		l.add(normal, b.Help().Desc)
		out = append(out, l)
	}
	if len(out) <= rows {
		return out
	}
	// What matters most is at the ends of the list.
	return append(out[:max(rows-1, 0)], out[len(out)-1])
}
