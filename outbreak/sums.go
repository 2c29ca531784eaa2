// SPDX-License-Identifier: Apache-2.0

package outbreak

// sums are the counts of the areas above the communes: provinces, then the
// nation. An area's week is Missing only when nobody in it reported.
type sums struct {
	areas, weeks int
	members      []int    // communes of each area
	count        []uint32 // [disease][area][week] of those who reported
	reported     []uint16 // communes that did
}

func newSums(t *Tensor, c *Catalogue, threads int) *sums {
	areas := len(c.Provinces) + 1
	s := &sums{areas: areas, weeks: t.Weeks, members: make([]int, areas),
		count: make([]uint32, t.Diseases*areas*t.Weeks), reported: make([]uint16, t.Diseases*areas*t.Weeks)}
	for _, u := range c.Communes {
		s.members[u.Province]++
		s.members[areas-1]++
	}
	parallel(threads, t.Diseases, func(d int, _ *scratch) { s.fill(t, c, d) })
	return s
}

func (s *sums) fill(t *Tensor, c *Catalogue, disease int) {
	nation, n := s.row(disease, s.areas-1)
	for u := range c.Communes {
		sum, reported := s.row(disease, c.Communes[u].Province)
		for w, k := range t.Row(disease, u) {
			if k != Silent {
				sum[w] += uint32(k)
				reported[w]++
			}
		}
	}
	for p := range c.Provinces {
		sum, reported := s.row(disease, p)
		for w := range sum {
			nation[w] += sum[w]
			n[w] += reported[w]
		}
	}
}

func (s *sums) row(disease, area int) ([]uint32, []uint16) {
	at := (disease*s.areas + area) * s.weeks
	return s.count[at : at+s.weeks], s.reported[at : at+s.weeks]
}

// change carries the change of one cell of a commune to an area above.
func (s *sums) change(disease, area, week int, from, to int32) {
	sum, reported := s.row(disease, area)
	if from >= 0 {
		sum[week] -= uint32(from)
		reported[week]--
	}
	if to >= 0 {
		sum[week] += uint32(to)
		reported[week]++
	}
}

// at is a cell of an area, Missing when nobody reported.
func (s *sums) at(disease, area, week int) int32 {
	sum, reported := s.row(disease, area)
	if reported[week] == 0 {
		return Missing
	}
	return int32(sum[week])
}
