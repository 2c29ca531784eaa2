// SPDX-License-Identifier: Apache-2.0

package bulletin

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"mach/web"
)

// edition is for whom a paper is made. The public one hides numbers below five
// and what would tell them, and what nobody has verified: statistical alerts,
// foci without an epidemic.
type edition struct {
	public bool
	agency string // who makes it
	at     time.Time
}

// parts are the numbers under a sum as the public edition tells them one by one:
// the sum of those that it tells, and how many it hides.
type parts struct{ told, hidden int }

func (p *parts) add(n int, hidden bool) {
	switch {
	case n > 0 && hidden:
		p.hidden++
	case n > 0:
		p.told += n
	}
}

// cases adds a number of cases, which is hidden when it is small.
func (p *parts) cases(n int) { p.add(n, n < least) }

// number is a count as the edition may tell it.
func (ed edition) number(ctx context.Context, n int) string {
	if ed.public && n > 0 && n < least {
		return "< " + strconv.Itoa(least)
	}
	return web.Int(ctx, n)
}

// notTold stands for a number that would tell a small one.
const notTold = "*"

// week is what the edition may tell of a disease in a week: what an export may.
func (ed edition) week(ctx context.Context, t tally) (cases, confirmed, died string) {
	r := countRow{tally: t}
	if r.hide(); ed.public && r.classes {
		return ed.number(ctx, t.total()), notTold, notTold
	}
	return web.Int(ctx, t.total()), web.Int(ctx, t.confirmed), web.Int(ctx, t.died)
}

// least is what a sum is at least, by the parts that the edition tells: the sum
// itself beside them would give away the others.
func (ed edition) least(n int, p parts) int {
	if !ed.public || p.hidden == 0 {
		return n
	}
	return max(p.told, 1)
}

// atLeast is that as a table tells it.
func (ed edition) atLeast(ctx context.Context, n int, p parts) string {
	text := web.Int(ctx, ed.least(n, p))
	if ed.public && p.hidden > 0 {
		return "≥ " + text
	}
	return text
}

// sum is a sum over many weeks as the edition may tell it. Where one of them is
// hidden it is what it is at least. Where more are, it is rounded, as if they came
// to neither nearly the least nor nearly the most they may: so each of them may
// have any number from 1 to 4, whatever the sum says.
func (ed edition) sum(ctx context.Context, n int, p parts) string {
	if !ed.public || p.hidden < 2 {
		return ed.atLeast(ctx, n, p)
	}
	rest := max(n-p.told, p.hidden+least-2)
	rest = min(rest, p.hidden*(least-1)-(least-2))
	return web.T(ctx, "bulletin.about", web.Int(ctx, (p.told+rest+least/2)/least*least))
}

// open is what the edition may tell of the bulletin. Of diseases with few cases the
// public edition says so, in the table, and does not name them on top.
func (ed edition) open(b bulletin) bulletin {
	if !ed.public {
		return b
	}
	var kept []focus
	for _, f := range b.foci {
		if f.epidemic {
			kept = append(kept, f)
		}
	}
	b.foci, b.alerts, b.public = kept, nil, true
	var many []diseaseWeek
	for _, d := range b.diseases {
		r := countRow{tally: d.now}
		r.hide()
		b.caseParts.add(d.now.total(), r.hidden)
		b.deathParts.add(d.now.died, r.classes)
		if d.now.total() >= least {
			many = append(many, d)
		}
	}
	b.diseases = many
	return b
}

// ordered are the lines of the table in an order that tells no small number.
func (ed edition) ordered(list []diseaseWeek) []diseaseWeek {
	if !ed.public {
		return list
	}
	rank := func(d diseaseWeek) int {
		if n := d.now.total(); n == 0 || n >= least {
			return n
		}
		return 1
	}
	return slices.SortedFunc(slices.Values(list), func(x, y diseaseWeek) int {
		return cmp.Or(cmp.Compare(rank(y), rank(x)), cmp.Compare(x.disease.ID, y.disease.ID))
	})
}
