package propose

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/gepa-go/gepa"
)

// calls runs model calls side by side. The first that fails tells the others to
// end, unless a spending cap refused it: those under way are paid for, and what
// they bring is of use when the run goes on.
type calls struct {
	group  errgroup.Group
	ctx    context.Context //nolint:containedctx // that of the calls of one method
	cancel context.CancelFunc
}

func newCalls(ctx context.Context, limit int) *calls {
	c := &calls{}
	c.ctx, c.cancel = context.WithCancel(ctx)
	c.group.SetLimit(limit)
	return c
}

func (c *calls) run(call func(context.Context) error) {
	c.group.Go(func() error {
		err := call(c.ctx)
		if err != nil && !errors.Is(err, gepa.ErrBudget) {
			c.cancel()
		}
		return err
	})
}

// wait returns the first error.
func (c *calls) wait() error {
	defer c.cancel()
	return c.group.Wait()
}
