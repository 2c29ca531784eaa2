// SPDX-License-Identifier: Apache-2.0

package bulletin

import (
	"context"
	"strconv"
	"testing"

	"mach/content"
	"mach/i18n"
	"mach/store"
	"mach/web"
	"mach/web/webtest"
)

func paperContext(t *testing.T) context.Context {
	t.Helper()
	cat, err := content.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	return web.WithVisit(context.Background(), cat, i18n.English, webtest.As(store.CDC), webtest.Now)
}

// A line of the public edition tells no number from 1 to 4, nor two of which one
// follows: those not confirmed, those who live.
func TestPublicLine(t *testing.T) {
	ctx := paperContext(t)
	told := func(text string) int {
		n, err := strconv.Atoi(text)
		if err != nil {
			return -1
		}
		return n
	}
	for confirmed := range 12 {
		for probable := range 6 {
			for suspect := range 6 {
				for died := range confirmed + probable + suspect + 1 {
					x := tally{confirmed: confirmed, probable: probable, suspect: suspect, died: died}
					cases, sure, dead := edition{public: true}.week(ctx, x)
					for _, n := range []int{told(cases), told(sure), told(dead), told(cases) - max(told(sure), 0), told(cases) - max(told(dead), 0)} {
						if n > 0 && n < least {
							t.Fatalf("%+v: cases %s, confirmed %s, died %s", x, cases, sure, dead)
						}
					}
				}
			}
		}
	}
	if cases, sure, dead := (edition{}).week(ctx, tally{confirmed: 2, suspect: 1, died: 1}); cases+sure+dead != "321" {
		t.Errorf("inside nothing is hidden: %s, %s, %s", cases, sure, dead)
	}
}

// Beside the parts that are told, no sum of the public edition tells a hidden one:
// whatever it says, each may be any number from 1 to 4.
func TestPublicSums(t *testing.T) {
	ctx := paperContext(t)
	ed := edition{public: true}
	for told := range 31 {
		if told > 0 && told < least {
			continue
		}
		for hidden := 1; hidden <= 4; hidden++ {
			said := map[string]map[int]bool{}
			for code := range 1 << (2 * hidden) { // two bits for each hidden number
				n, p := told, parts{told: told}
				for i := range hidden {
					x := 1 + code>>(2*i)&3
					n += x
					p.cases(x)
				}
				for form, text := range map[string]string{"sum": ed.sum(ctx, n, p), "least": ed.atLeast(ctx, n, p), "words": publicSum(ctx, n, p)} {
					if said[form+" "+text] == nil {
						said[form+" "+text] = map[int]bool{}
					}
					said[form+" "+text][1+code&3] = true
				}
			}
			for text, may := range said {
				if len(may) < least-1 {
					t.Errorf("%d are told beside %d hidden numbers, and %s: one of these is of %v", told, hidden, text, may)
				}
			}
		}
	}
	for _, c := range []struct{ got, want string }{
		{ed.sum(ctx, 60, parts{told: 60}), "60"}, {ed.sum(ctx, 12, parts{told: 11, hidden: 1}), "≥ 11"}, {ed.sum(ctx, 61, parts{told: 35, hidden: 11}), "about 60"},
		{publicSum(ctx, 7, parts{hidden: 2}), "at least 1"}, {edition{}.sum(ctx, 12, parts{told: 11, hidden: 1}), "12"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}
