package parquet

import (
	"errors"
	"fmt"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/gepa-go/gepa"
)

// maxDepth is how deeply columns may be nested.
const maxDepth = 64

// A node is a column of the schema, with the levels by which its values are
// told from missing ones and items of a list from each other (Melnik et al.,
// "Dremel", VLDB 2010).
type node struct {
	name       string
	kind       kind
	optional   bool
	repeated   bool
	definition int // level from which on the node is there
	repetition int // level at which a new item of the node begins
	children   []*node
	leaves     []int // numbers of the leaf columns within
	leaf       func(dst []byte, v parquet.Value) ([]byte, error)
}

// A kind says what a node's value is in JSON.
type kind int

const (
	leaf    kind = iota
	group        // an object of its children
	wrapped      // its only child: the wrappers of lists
	mapping      // its only child is repeated, with a key and a value
)

// newNode reads the schema.
func newNode(root *parquet.Column, halves []bool) (*node, error) {
	n, err := makeNode(root, halves, 0)
	if err != nil {
		return nil, err
	}
	if len(n.children) == 0 {
		return nil, errors.New("it has no columns")
	}
	n.kind = group
	return n, nil
}

func makeNode(c *parquet.Column, halves []bool, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("its columns are nested more than %d deep", maxDepth)
	}
	n := &node{
		name: c.Name(), optional: c.Optional(), repeated: c.Repeated(),
		definition: c.MaxDefinitionLevel(), repetition: c.MaxRepetitionLevel(),
	}
	if c.Leaf() {
		n.leaves = []int{c.Index()}
		n.leaf = leafWriter(c.Type())
		if i := c.Index(); i < len(halves) && halves[i] {
			n.leaf = appendHalf
		}
		return n, nil
	}
	n.kind = group
	seen := map[string]bool{}
	for _, column := range c.Columns() {
		child, err := makeNode(column, halves, depth+1)
		if err != nil {
			return nil, err
		}
		if seen[child.name] {
			return nil, fmt.Errorf("it has two columns %q", child.name)
		}
		seen[child.name] = true
		n.children = append(n.children, child)
		n.leaves = append(n.leaves, child.leaves...)
	}
	if len(n.leaves) == 0 && depth > 0 {
		return nil, fmt.Errorf("column %q has no columns within", n.name)
	}
	n.annotate(logical(c.Type()))
	return n, nil
}

func logical(t parquet.Type) format.LogicalTypeValue {
	if l := t.LogicalType(); l != nil {
		return l.Value
	}
	return nil
}

// annotate recognises the standard's encodings of lists and maps, and the
// older ones that readers must know.
func (n *node) annotate(logical format.LogicalTypeValue) {
	if len(n.children) != 1 || !n.children[0].repeated {
		return
	}
	inner := n.children[0]
	switch logical.(type) {
	case *format.ListType:
		n.kind = wrapped
		// With three levels, the repeated group wraps the element. With two,
		// it is the element itself.
		if inner.kind == group && len(inner.children) == 1 && inner.name != "array" && inner.name != n.name+"_tuple" {
			inner.kind = wrapped
		}
	case *format.MapType:
		if inner.kind == group && len(inner.children) == 2 {
			n.kind = mapping
		}
	}
}

// append writes the node's value as JSON. For every leaf within, columns holds
// the values that belong to one value of the parent.
func (n *node) append(dst []byte, columns [][]parquet.Value) ([]byte, error) {
	first := columns[n.leaves[0]]
	if len(first) == 0 {
		return nil, errors.New("it has fewer values than rows")
	}
	there := first[0].DefinitionLevel() >= n.definition
	if !n.repeated {
		if n.optional && !there {
			return append(dst, "null"...), nil
		}
		return n.one(dst, columns)
	}
	dst = append(dst, '[')
	if there {
		items, err := n.items(columns)
		if err != nil {
			return nil, err
		}
		for i, item := range items {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst, err = n.one(dst, item); err != nil {
				return nil, err
			}
		}
	}
	return append(dst, ']'), nil
}

// items divides the values of a repeated node.
func (n *node) items(columns [][]parquet.Value) ([][][]parquet.Value, error) {
	var items [][][]parquet.Value
	for number, leaf := range n.leaves {
		rest := columns[leaf]
		for i := 0; len(rest) > 0; i++ {
			end := 1
			for end < len(rest) && rest[end].RepetitionLevel() > n.repetition {
				end++
			}
			if i == len(items) {
				if number > 0 {
					return nil, errors.New("the parts of a list have different lengths")
				}
				items = append(items, make([][]parquet.Value, len(columns)))
			}
			items[i][leaf] = rest[:end]
			rest = rest[end:]
		}
		if items[len(items)-1][leaf] == nil {
			return nil, errors.New("the parts of a list have different lengths")
		}
	}
	return items, nil
}

// one writes a value that is there.
func (n *node) one(dst []byte, columns [][]parquet.Value) ([]byte, error) {
	switch n.kind {
	case leaf:
		v := columns[n.leaves[0]][0]
		if v.IsNull() {
			return append(dst, "null"...), nil
		}
		return n.leaf(dst, v)
	case wrapped:
		return n.children[0].append(dst, columns)
	case mapping:
		return n.mapping(dst, columns)
	default:
		return n.object(dst, columns)
	}
}

func (n *node) object(dst []byte, columns [][]parquet.Value) ([]byte, error) {
	dst = append(dst, '{')
	for i, child := range n.children {
		if i > 0 {
			dst = append(dst, ',')
		}
		name, err := gepa.EncodeValue(child.name)
		if err != nil {
			return nil, err
		}
		dst = append(append(dst, name...), ':')
		if dst, err = child.append(dst, columns); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

// mapping writes a map: an object if its keys are texts that occur once, else
// a list of keys and values.
func (n *node) mapping(dst []byte, columns [][]parquet.Value) ([]byte, error) {
	pairs := n.children[0]
	if columns[pairs.leaves[0]][0].DefinitionLevel() < pairs.definition {
		return append(dst, "{}"...), nil
	}
	items, err := pairs.items(columns)
	if err != nil {
		return nil, err
	}
	var keys []string
	object := []byte{'{'}
	for i, item := range items {
		key, err := pairs.children[0].append(nil, item)
		if err != nil {
			return nil, err
		}
		if key[0] != '"' || slices.Contains(keys, string(key)) {
			return pairs.append(dst, columns)
		}
		keys = append(keys, string(key))
		if i > 0 {
			object = append(object, ',')
		}
		object = append(append(object, key...), ':')
		if object, err = pairs.children[1].append(object, item); err != nil {
			return nil, err
		}
	}
	return append(append(dst, object...), '}'), nil
}
