package terminal

import (
	"charm.land/bubbles/v2/key"
)

// keyMap says which keys do what. What cannot be done is disabled.
type keyMap struct {
	pause, stop, open, next, previous, up, down, pageUp, pageDown, first, last, help, interrupt, suspend key.Binding
}

func newKeys(o Options) keyMap {
	bind := func(on bool, what string, keys ...string) key.Binding {
		b := key.NewBinding(key.WithKeys(keys...), key.WithHelp(keys[0], what))
		b.SetEnabled(on)
		return b
	}
	return keyMap{
		pause:     bind(o.Controls != nil, "pause or go on: nothing new is begun", "p"),
		stop:      bind(o.Controls != nil, "stop after the proposals in flight; asks", "s"),
		open:      bind(o.Dashboard != nil, "open the dashboard", "o"),
		next:      bind(true, "next page: candidates, proposals, log", "tab", "right", "l"),
		previous:  bind(true, "page before", "shift+tab", "left", "h"),
		up:        bind(true, "up", "up", "k"),
		down:      bind(true, "down", "down", "j"),
		pageUp:    bind(true, "a page up", "pgup"),
		pageDown:  bind(true, "a page down", "pgdown", "space"),
		first:     bind(true, "to the first", "home", "g"),
		last:      bind(true, "to the last", "end", "G"),
		help:      bind(true, "this list", "?"),
		interrupt: bind(o.Interrupt != nil, o.interruptWords(), "ctrl+c", "q"),
		suspend:   bind(true, "suspend", "ctrl+z"),
	}
}

// bar is the row of keys at the bottom.
func (k keyMap) bar(at page, columns int, paused bool) line {
	if columns < 30 {
		return line{{strong, "?"}, {faint, " help"}}
	}
	var l line
	add := func(b key.Binding, what string) {
		if !b.Enabled() {
			return
		}
		if len(l) > 0 {
			l.add(faint, " · ")
		}
		l.add(strong, b.Help().Key)
		l.add(faint, " "+what)
	}
	add(k.pause, choose(paused, "go on", "pause"))
	add(k.stop, "stop")
	add(k.open, "dashboard")
	add(k.next, ((at + 1) % pages).name())
	add(k.help, "help")
	add(k.interrupt, "interrupt")
	return l
}

// list shows all keys in at most so many rows.
func (k keyMap) list(rows int) []line {
	var out []line
	for _, b := range []key.Binding{k.pause, k.stop, k.open, k.next, k.previous, k.up, k.down, k.pageUp, k.pageDown, k.first, k.last, k.help, k.suspend, k.interrupt} {
		if !b.Enabled() || b.Help().Desc == "" {
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
