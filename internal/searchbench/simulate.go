package searchbench

import (
	"container/heap"
	"math"
	"time"
)

// Clock says how long things take on virtual time. Times are log-normal and
// drawn by name: a task takes as long however it is scheduled.
type Clock struct {
	Slots      int           // rollouts that run at once
	Task       time.Duration // median of a rollout
	Reflection time.Duration // median of a reflection; it takes no slot
	Sigma      float64       // of both
}

// BarClock is the latency model that the engine's bars name.
func BarClock() Clock {
	return Clock{Slots: 32, Task: 60 * time.Millisecond, Reflection: 250 * time.Millisecond, Sigma: 0.8}
}

func (c Clock) draw(median time.Duration, k key) time.Duration {
	return time.Duration(float64(median) * math.Exp(c.Sigma*normalQuantile(k.uniform())))
}

type finish struct {
	at    time.Duration
	order int
	task  task
}

// agenda orders what is under way by when it ends.
type agenda []finish

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	return a[i].at < a[j].at || a[i].at == a[j].at && a[i].order < a[j].order
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)   { *a = append(*a, x.(finish)) }
func (a *agenda) Pop() any {
	old := *a
	last := old[len(old)-1]
	*a = old[:len(old)-1]
	return last
}

// timing is what a simulation measures of time.
type timing struct {
	wall time.Duration // of the whole search
	busy time.Duration // slot time in use
}

// simulate drives a search to its end on virtual time.
func simulate(s searcher, c Clock, seed uint64, answer func(task, time.Duration) error) (timing, error) {
	var t timing
	var running agenda
	waiting := &queue{}
	free, order := c.Slots, 0
	now := time.Duration(0)
	for {
		tasks, err := s.ask()
		if err != nil {
			return t, err
		}
		for _, x := range tasks {
			if x.reflect != nil {
				order++
				heap.Push(&running, finish{now + c.draw(c.Reflection, name(seed, drawReflectionTime, uint64(x.proposal), uint64(x.child))), order, x})
			} else {
				order++
				heap.Push(waiting, waitingTask{x, order})
			}
		}
		for free > 0 && waiting.Len() > 0 {
			x := heap.Pop(waiting).(waitingTask).task
			took := c.draw(c.Task, name(seed, drawTaskTime, text(x.key.Candidate), text(x.key.Example), uint64(x.key.Repeat)))
			free--
			t.busy += took
			order++
			heap.Push(&running, finish{now + took, order, x})
		}
		if running.Len() == 0 {
			t.wall = now
			return t, nil
		}
		next := heap.Pop(&running).(finish)
		now = next.at
		if next.task.reflect == nil {
			free++
		}
		if err := answer(next.task, now); err != nil {
			return t, err
		}
	}
}

type waitingTask struct {
	task  task
	order int
}

// queue hands out the work of older proposals first.
type queue []waitingTask

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	a, b := q[i], q[j]
	return a.task.proposal < b.task.proposal || a.task.proposal == b.task.proposal && a.order < b.order
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(waitingTask)) }
func (q *queue) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}
