package sim

import "sync"

// memory remembers the latest few results of a function whose results never
// change, the oldest being forgotten first. It is safe for concurrent use; two
// callers that miss at once may both compute.
type memory[K comparable, V any] struct {
	mu    sync.Mutex
	known map[K]V
	order []K // a ring of the keys, next being the oldest once it is full
	next  int
	size  int
}

func newMemory[K comparable, V any](size int) *memory[K, V] {
	return &memory[K, V]{known: make(map[K]V, size), size: size}
}

func (m *memory[K, V]) get(key K, compute func() V) V {
	m.mu.Lock()
	v, ok := m.known[key]
	m.mu.Unlock()
	if ok {
		return v
	}
	v = compute()
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.known[key]; ok {
		return v
	}
	if len(m.order) < m.size {
		m.order = append(m.order, key)
	} else {
		delete(m.known, m.order[m.next])
		m.order[m.next] = key
		m.next = (m.next + 1) % m.size
	}
	m.known[key] = v
	return v
}
