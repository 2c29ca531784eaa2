// SPDX-License-Identifier: Apache-2.0

package outbreak

import (
	"math"

	"mach/issue"
	"mach/vn"
)

// Silent is the count of a commune that did not report in a week. It is no
// zero: no method takes it for one.
const Silent uint16 = math.MaxUint16

// most is the highest count of a cell; what exceeds it stays there.
const most = math.MaxUint16 - 1

// Tensor are the counts of every disease in every commune in every week, two
// bytes each: 45 diseases, 3,321 communes and 312 weeks are 93 MB. Only its
// Nation may write it while the Nation is in use.
type Tensor struct {
	Start                     vn.Date // first day of week 0; a week is the seven days from there
	Diseases, Communes, Weeks int
	Count                     []uint16 // [disease][commune][week]
}

// NewTensor returns a tensor of zeros: everybody reported and nobody was ill.
func NewTensor(start vn.Date, diseases, communes, weeks int) *Tensor {
	return &Tensor{start, diseases, communes, weeks, make([]uint16, diseases*communes*weeks)}
}

// Row is one series of a commune, not a copy.
func (t *Tensor) Row(disease, commune int) []uint16 {
	at := (disease*t.Communes + commune) * t.Weeks
	return t.Count[at : at+t.Weeks : at+t.Weeks]
}

// Set writes one count; a negative one is Silent.
func (t *Tensor) Set(disease, commune, week int, count int32) {
	c := Silent
	if count >= 0 {
		c = uint16(min(count, most))
	}
	t.Row(disease, commune)[week] = c
}

// At reads one count, Missing when silent.
func (t *Tensor) At(disease, commune, week int) int32 { return known(t.Row(disease, commune)[week]) }

// Week is the position of the week that holds a day, −1 before the first and
// Weeks or more after the last.
func (t *Tensor) Week(day vn.Date) int {
	if day < t.Start {
		return -1
	}
	return int(day-t.Start) / 7
}

// Dates are the first days of the weeks.
func (t *Tensor) Dates() []vn.Date {
	out := make([]vn.Date, t.Weeks)
	for i := range out {
		out[i] = t.Start + vn.Date(7*i)
	}
	return out
}

// Remap builds the counts anew on another map: to[old] is the commune that
// stands where the old one stood, −1 when none does (its cases are then counted
// nowhere below the nation that the caller keeps). A week is Silent when any
// part was: half a count would make the baseline too low and raise false
// alarms. A commune without any part is silent throughout.
func (t *Tensor) Remap(to []int32, communes int) (*Tensor, error) {
	if len(to) != t.Communes {
		return nil, issue.New(issue.Invariant, "outbreak.run.remap").At("to")
	}
	parts := make([]bool, communes)
	for _, n := range to {
		if int(n) >= communes {
			return nil, issue.New(issue.Value, "outbreak.run.remap").At("to")
		}
		if n >= 0 {
			parts[n] = true
		}
	}
	out := NewTensor(t.Start, t.Diseases, communes, t.Weeks)
	for d := range t.Diseases {
		for u, n := range to {
			if n >= 0 {
				merge(out.Row(d, int(n)), t.Row(d, u))
			}
		}
		for n, any := range parts {
			if row := out.Row(d, n); !any {
				for w := range row {
					row[w] = Silent
				}
			}
		}
	}
	return out, nil
}

func merge(into, part []uint16) {
	for w, c := range part {
		if c == Silent || into[w] == Silent {
			into[w] = Silent
			continue
		}
		into[w] = uint16(min(int(into[w])+int(c), most))
	}
}

// known widens a cell.
func known(c uint16) int32 {
	if c == Silent {
		return Missing
	}
	return int32(c)
}
