package searchbench

import (
	"container/heap"
	"fmt"
	"math"
	"time"

	"github.com/gepa-go/gepa"
	"github.com/gepa-go/gepa/internal/draw"
)

// A Clock says how long things take on virtual time. Times are log-normal and
// drawn by name: a rollout takes as long however it is scheduled.
type Clock struct {
	// Slots is how many rollouts run at once. Reflections take no slot.
	Slots int
	// Task is the median time of a rollout, Reflection that of writing one
	// component's new text. The components of one reflection are written at
	// the same time.
	Task, Reflection time.Duration
	// Sigma is the standard deviation of the logarithm of both.
	Sigma float64
}

// BarClock is the latency model that the engine's bars name.
func BarClock() Clock {
	return Clock{Slots: 32, Task: 60 * time.Millisecond, Reflection: 250 * time.Millisecond, Sigma: 0.8}
}

func (c Clock) draw(median time.Duration, k draw.Key) time.Duration {
	return time.Duration(float64(median) * math.Exp(c.Sigma*normalQuantile(k.Uniform())))
}

// takes returns how long a task takes.
func (c Clock) takes(seed uint64, t *gepa.Task) time.Duration {
	if t.Reflect == nil {
		return c.draw(c.Task, name(seed, drawTaskTime, text(t.Key.Candidate), text(t.Key.Example), uint64(t.Key.Repeat)))
	}
	var longest time.Duration
	for i := range t.Reflect.Components {
		k := name(seed, drawReflectionTime, uint64(t.Proposal), uint64(t.Reflect.Child), uint64(i))
		longest = max(longest, c.draw(c.Reflection, k))
	}
	return longest
}

// event is a task that waits for a slot, or that is under way.
type event struct {
	task   gepa.Task
	at     time.Duration // when it ends
	number int
}

// events is a heap of events under an order.
type events struct {
	list  []event
	first func(a, b *event) bool
}

func (q *events) Len() int           { return len(q.list) }
func (q *events) Less(i, j int) bool { return q.first(&q.list[i], &q.list[j]) }
func (q *events) Swap(i, j int)      { q.list[i], q.list[j] = q.list[j], q.list[i] }
func (q *events) Push(x any)         { q.list = append(q.list, x.(event)) }
func (q *events) Pop() any {
	last := q.list[len(q.list)-1]
	q.list = q.list[:len(q.list)-1]
	return last
}

// timing is what a simulation measures of time.
type timing struct {
	wall time.Duration // of the whole search
	busy time.Duration // of all slots together
}

// drive runs a search to its end on virtual time. The work of older proposals
// goes first, as in the engine.
func (c Clock) drive(s *gepa.Search, seed uint64, decided func([]gepa.Event), do func(*gepa.Task) gepa.Event) (timing, error) {
	var t timing
	waiting := &events{first: func(a, b *event) bool {
		return a.task.Proposal < b.task.Proposal || a.task.Proposal == b.task.Proposal && a.number < b.number
	}}
	running := &events{first: func(a, b *event) bool { return a.at < b.at || a.at == b.at && a.number < b.number }}
	free, number := c.Slots, 0
	begin := func(task gepa.Task) {
		number++
		took := c.takes(seed, &task)
		if task.Reflect == nil {
			free--
			t.busy += took
		}
		heap.Push(running, event{task, t.wall + took, number})
	}
	for {
		asked, err := s.Ask()
		if err != nil {
			return t, err
		}
		decided(asked.Decisions)
		for _, task := range asked.Tasks {
			if task.Reflect != nil {
				begin(task)
				continue
			}
			number++
			heap.Push(waiting, event{task: task, number: number})
		}
		for free > 0 && waiting.Len() > 0 {
			begin(heap.Pop(waiting).(event).task)
		}
		if running.Len() == 0 {
			if !asked.Done {
				return t, fmt.Errorf("the search waits for nothing after %v", t.wall)
			}
			return t, nil
		}
		next := heap.Pop(running).(event)
		t.wall = next.at
		if next.task.Reflect == nil {
			free++
		}
		if err := s.Tell(do(&next.task)); err != nil {
			return t, err
		}
	}
}
