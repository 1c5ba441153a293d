package gepa

// minibatch returns the number-th minibatch (from 0) as indices into a
// feedback set of n examples. Minibatches walk through the set in epochs: each
// epoch is shuffled anew, and within an epoch no example comes twice. Where
// size does not divide n, the few examples left over at the end of an epoch
// wait for a later one. A size of n or more is the whole set.
func minibatch(seed uint64, n, size, number int) []int {
	size = min(size, n)
	perEpoch := n / size
	epoch, within := number/perEpoch, number%perEpoch
	order := draw(seed, "minibatch", epoch).Perm(n)
	return order[within*size : (within+1)*size]
}
