package plot

import (
	"cmp"
	"slices"
)

// A layout places the nodes of a graph whose edges all point forward, layer by
// layer (Sugiyama, Tagawa and Toda 1981): a node's layer is one after the last
// of its parents', edges over several layers get a bend in each, and the order
// within the layers is chosen by the mean place of the neighbours so that few
// edges cross.
type layout struct {
	nodes  []*node
	layers [][]*node
	// pitch is the least distance between neighbours in a layer.
	pitch float64
}

// A node is a candidate, or a bend of an edge where candidate is −1.
type node struct {
	candidate int // index
	layer     int
	place     float64 // across the layers
	in, out   []*node
}

// newLayout makes a layout of so many nodes, whose parents come before them.
func newLayout(parents [][]int, pitch float64) *layout {
	l := &layout{pitch: pitch}
	placed := make([]*node, len(parents))
	for i, from := range parents {
		n := &node{candidate: i}
		for _, p := range from {
			n.layer = max(n.layer, placed[p].layer+1)
		}
		placed[i] = n
		l.put(n)
		for _, p := range from {
			l.connect(placed[p], n)
		}
	}
	l.arrange()
	return l
}

func (l *layout) put(n *node) {
	for len(l.layers) <= n.layer {
		l.layers = append(l.layers, nil)
	}
	l.nodes = append(l.nodes, n)
	l.layers[n.layer] = append(l.layers[n.layer], n)
}

func (l *layout) connect(from, to *node) {
	for at := from.layer + 1; at < to.layer; at++ {
		bend := &node{candidate: -1, layer: at}
		l.put(bend)
		from.out, bend.in = append(from.out, bend), append(bend.in, from)
		from = bend
	}
	from.out, to.in = append(from.out, to), append(to.in, from)
}

// arrange orders the layers and places the nodes.
func (l *layout) arrange() {
	l.spread()
	for range 12 {
		for _, layer := range l.layers[min(1, len(l.layers)):] {
			l.order(layer, func(n *node) []*node { return n.in })
		}
		for i := len(l.layers) - 2; i >= 0; i-- {
			l.order(l.layers[i], func(n *node) []*node { return n.out })
		}
	}
	l.spread()
	for range 40 {
		for _, layer := range l.layers {
			l.relax(layer)
		}
		for _, layer := range slices.Backward(l.layers) {
			l.relax(layer)
		}
	}
}

// spread places the nodes of every layer evenly about zero, in their order.
func (l *layout) spread() {
	for _, layer := range l.layers {
		for i, n := range layer {
			n.place = (float64(i) - float64(len(layer)-1)/2) * l.pitch
		}
	}
}

// order sorts a layer by the mean place of the neighbours on one side.
func (l *layout) order(layer []*node, side func(*node) []*node) {
	wish := make(map[*node]float64, len(layer))
	for _, n := range layer {
		wish[n] = mean(side(n), n.place)
	}
	slices.SortStableFunc(layer, func(a, b *node) int { return cmp.Compare(wish[a], wish[b]) })
	for i, n := range layer {
		n.place = (float64(i) - float64(len(layer)-1)/2) * l.pitch
	}
}

func mean(of []*node, otherwise float64) float64 {
	if len(of) == 0 {
		return otherwise
	}
	sum := 0.0
	for _, n := range of {
		sum += n.place
	}
	return sum / float64(len(of))
}

// relax moves the nodes of a layer towards their neighbours on both sides,
// keeping their order and distance: each group of nodes that touch is placed
// where its members want to be on average.
func (l *layout) relax(layer []*node) {
	type group struct {
		from, to int
		wish     float64 // mean place of the first node
	}
	var groups []group
	for i, n := range layer {
		g := group{i, i + 1, mean(slices.Concat(n.in, n.out), n.place)}
		for len(groups) > 0 {
			last := groups[len(groups)-1]
			size := float64(last.to - last.from)
			if last.wish+size*l.pitch <= g.wish {
				break
			}
			own := float64(g.to - g.from)
			g = group{last.from, g.to, (last.wish*size + (g.wish-size*l.pitch)*own) / (size + own)}
			groups = groups[:len(groups)-1]
		}
		groups = append(groups, g)
	}
	for _, g := range groups {
		for i := g.from; i < g.to; i++ {
			layer[i].place = g.wish + float64(i-g.from)*l.pitch
		}
	}
}

// span returns the least and the greatest place.
func (l *layout) span() (low, high float64) {
	for i, n := range l.nodes {
		if i == 0 {
			low, high = n.place, n.place
		}
		low, high = min(low, n.place), max(high, n.place)
	}
	return low, high
}
