package gepa

import (
	"cmp"
	"container/heap"
	"time"
)

// pool is what the engine knows of the tasks that it was handed: those that
// wait for a slot, those that run, and those that are parked. It is used by the
// engine's own goroutine alone.
type pool struct {
	slots    int // for rollouts; reflections take none
	taken    int
	running  int // rollouts and reflections
	waiting  taskQueue
	parked   []parkedTask
	failures map[bool]int  // in a row; of rollouts (false) and reflections (true)
	worked   map[bool]bool // whether one of the kind has succeeded
	begun    int           // how many tasks ever ran
	counted  map[bool]int  // begun when the last of failures was counted
	number   int
	left     int // how often tasks were left behind
}

// parkedTask failed in all its attempts and waits to be tried again.
type parkedTask struct {
	task  Task
	until time.Time
	times int
}

// add queues tasks.
func (p *pool) add(times int, tasks ...Task) {
	for _, t := range tasks {
		p.number++
		heap.Push(&p.waiting, queuedTask{task: t, number: p.number, parked: times, left: p.left})
	}
}

// ready reports whether next has a task to give.
func (p *pool) ready() bool {
	return len(p.waiting) > 0 && (p.waiting[0].task.Reflect != nil || p.taken < p.slots)
}

// next takes the oldest proposal's next task that can run, rollouts only of
// proposals up to the last. Reflections need no slot, and so come before
// rollouts that wait for one.
func (p *pool) next(last int) (queuedTask, bool) {
	if !p.ready() || p.waiting[0].task.Reflect == nil && p.waiting[0].task.Proposal > last {
		return queuedTask{}, false
	}
	q := heap.Pop(&p.waiting).(queuedTask)
	if q.task.Reflect == nil {
		p.taken++
	}
	p.running++
	p.begun++
	q.begun = p.begun
	return q, true
}

// failed counts a failure and returns how many there are in a row. Tasks that
// run side by side fail together when the world fails: those that had begun
// when one was counted are counted with it.
func (p *pool) failed(q queuedTask) int {
	kind := q.task.Reflect != nil
	if q.begun > p.counted[kind] {
		p.failures[kind]++
		p.counted[kind] = p.begun
	}
	return p.failures[kind]
}

// has reports whether a task is one that runs, and not one left behind.
func (p *pool) has(q queuedTask) bool { return q.left == p.left }

// ended notes that a task does not run any more and that its result, if it has
// one, is in the journal: what a crash can lose is never more than the slots
// hold.
func (p *pool) ended(q queuedTask) {
	if !p.has(q) {
		return
	}
	p.running--
	if q.task.Reflect == nil {
		p.taken--
	}
}

// leave forgets the tasks that run.
func (p *pool) leave() {
	p.left++
	p.running, p.taken = 0, 0
}

// idle reports that nothing runs, waits or is parked.
func (p *pool) idle() bool { return p.running == 0 && len(p.waiting) == 0 && len(p.parked) == 0 }

// park puts a task aside, the longer the more often it was parked.
func (p *pool) park(t Task, times int, now time.Time) {
	const longest = time.Minute
	pause := time.Second << min(times, 6)
	p.parked = append(p.parked, parkedTask{task: t, until: now.Add(min(pause, longest)), times: times + 1})
}

// unpark queues the tasks whose pause is over and returns how long the next
// one's lasts; 0 if there is none.
func (p *pool) unpark(now time.Time) time.Duration {
	var next time.Duration
	kept := p.parked[:0]
	for _, t := range p.parked {
		left := t.until.Sub(now)
		if left <= 0 {
			p.add(t.times, t.task)
			continue
		}
		if next == 0 || left < next {
			next = left
		}
		kept = append(kept, t)
	}
	p.parked = kept
	return next
}

// queuedTask is a task that waits to be run.
type queuedTask struct {
	task   Task
	number int
	begun  int // its place among the tasks that ran; 0 while it waits
	parked int // how often it was parked
	left   int // of the pool, when it was queued
}

// taskQueue is a heap: reflections first, since they need no slot and much
// waits for them, then by proposal, then in the order of asking.
type taskQueue []queuedTask

func (q taskQueue) Len() int { return len(q) }
func (q taskQueue) Less(i, j int) bool {
	a, b := q[i], q[j]
	if (a.task.Reflect != nil) != (b.task.Reflect != nil) {
		return a.task.Reflect != nil
	}
	return cmp.Or(cmp.Compare(a.task.Proposal, b.task.Proposal), cmp.Compare(a.number, b.number)) < 0
}
func (q taskQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *taskQueue) Push(x any)   { *q = append(*q, x.(queuedTask)) }
func (q *taskQueue) Pop() any {
	old := *q
	x := old[len(old)-1]
	*q = old[:len(old)-1]
	return x
}
