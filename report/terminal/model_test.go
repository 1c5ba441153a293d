package terminal

import (
	tea "charm.land/bubbletea/v2"
)

// press presses a key and returns what is to be done then.
func press(m *model, name string) tea.Cmd {
	keys := map[string]tea.KeyPressMsg{
		"tab": {Code: tea.KeyTab}, "shift+tab": {Code: tea.KeyTab, Mod: tea.ModShift}, "up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown},
		"pgup": {Code: tea.KeyPgUp}, "pgdown": {Code: tea.KeyPgDown}, "home": {Code: tea.KeyHome}, "end": {Code: tea.KeyEnd},
		"ctrl+c": {Code: 'c', Mod: tea.ModCtrl}, "ctrl+z": {Code: 'z', Mod: tea.ModCtrl},
	}
	k, known := keys[name]
	if !known {
		k = tea.KeyPressMsg{Code: []rune(name)[0], Text: name}
	}
	_, cmd := m.Update(k)
	return cmd
}
