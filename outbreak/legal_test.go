// SPDX-License-Identifier: Apache-2.0

package outbreak_test

import (
	"fmt"
	"math"
	"math/big"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
	"pgregory.net/rapid"

	"mach/outbreak"
)

// clauses are what testdata/tt15.txt has cases of.
var clauses = []string{"16.1a", "16.1b", "16.1c", "16.3", "17", "18", "19", "20", "21.2", "22"}

// The cases of testdata/tt15.txt, which anybody can read and add to.
func TestLegalCases(t *testing.T) {
	b, err := os.ReadFile("testdata/tt15.txt")
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]int{}
	for _, f := range txtar.Parse(b).Files {
		clause, _, _ := strings.Cut(f.Name, " ")
		of[clause]++
		t.Run(f.Name, func(t *testing.T) { runCase(t, clause, string(f.Data)) })
	}
	for _, clause := range clauses {
		if of[clause] == 0 {
			t.Errorf("no case of %s", clause)
		}
		delete(of, clause)
	}
	if len(of) > 0 {
		t.Errorf("cases of clauses that there are not: %v", of)
	}
}

// known is what a case says before it wants something.
type known struct {
	outbreak.Rules
	outbreak.Facts
	outbreak.Containment
	triggers []outbreak.Trigger
	rule     string
}

// judge answers in the word that the case wants, with the numbers behind it.
func (k known) judge() (string, outbreak.Verdict) {
	var v outbreak.Verdict
	switch k.rule {
	case "epidemic":
		v = outbreak.Epidemic(k.Rules, k.Facts)
	case "warning":
		v = outbreak.Warning(k.Rules, k.Facts)
	case "ending":
		v = outbreak.Ending(k.Rules, k.Facts)
	case "level":
		level, article := outbreak.LevelOf(k.Containment)
		return strconv.Itoa(int(level)), outbreak.Verdict{Article: article}
	case "assess":
		v.Article = "21.2"
		return map[bool]string{true: "yes", false: "no"}[outbreak.ToAssess(k.triggers, k.Facts)], v
	}
	return string(v.State), v
}

// runCase asks one case. Its first article must be that of its title, where the
// rule of the title decides.
func runCase(t *testing.T, clause, text string) {
	k, wanted := known{Rules: outbreak.TT15()}, false
	var v outbreak.Verdict
	for line := range strings.Lines(text) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		args := strings.Fields(rest)
		switch {
		case word == "":
		case word == "want":
			var got string
			if got, v = k.judge(); got != rest {
				t.Errorf("%q, want %q (%+v)", got, rest, v)
			}
			wanted = true
		case wanted:
			check(t, v, word, args)
		default:
			if err := k.know(word, args); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
		}
	}
	if !wanted {
		t.Error("the case wants nothing")
	}
	if of := map[string]string{"epidemic": "16.1", "ending": "16.3", "warning": "22", "assess": "21.2"}[k.rule]; k.rule != "level" && (of == "" || !strings.HasPrefix(clause, of)) {
		t.Errorf("a case of %s asks the rule %q", clause, k.rule)
	}
}

func (k *known) know(word string, args []string) error {
	one, r, f := strings.Join(args, " "), &k.Rules, &k.Facts
	var err error
	switch word {
	case "rule":
		k.rule = one
	case "never":
		f.Never = one == "yes"
	case "risk":
		f.Risk = outbreak.Risk(one)
	case "triggers":
		for _, a := range args {
			k.triggers = append(k.triggers, outbreak.Trigger(a))
		}
	case "found":
		return k.found(args)
	case "group":
		f.Group = one
	case "endemic":
		f.Endemic = one == "yes"
	case "count":
		f.Count, err = strconv.Atoi(one)
	case "confirmed":
		f.Confirmed, err = strconv.Atoi(one)
	case "linked":
		f.Linked, err = strconv.Atoi(one)
	case "divisor":
		r.Population = one == "n"
	case "setting":
		switch args[0] {
		case "warn-above":
			r.WarnAboveEpidemic = args[1] == "yes"
		case "epidemic-sd":
			r.EpidemicSD, err = strconv.ParseFloat(args[1], 64)
		default:
			err = fmt.Errorf("unknown setting")
		}
	case "years":
		for _, a := range args {
			year, count, _ := strings.Cut(a, ":")
			y := outbreak.Year{Epidemic: strings.HasSuffix(count, "!"), Missing: count == "-"}
			if y.Year, err = strconv.Atoi(year); err != nil {
				return err
			}
			if !y.Missing {
				if y.Count, err = strconv.Atoi(strings.TrimSuffix(count, "!")); err != nil {
					return err
				}
			}
			f.Past = append(f.Past, y)
		}
	default:
		err = fmt.Errorf("unknown word")
	}
	return err
}

func (k *known) found(words []string) error {
	c := &k.Containment
	for _, w := range words {
		is, ok := map[string]*bool{"epidemic": &c.Epidemic, "forces-short": &c.ForcesShort, "commune-cannot": &c.CommuneCannot,
			"province-cannot": &c.ProvinceCannot, "country-cannot": &c.CountryCannot}[w]
		if !ok {
			return fmt.Errorf("unknown finding %s", w)
		}
		*is = true
	}
	return nil
}

func check(t *testing.T, v outbreak.Verdict, word string, args []string) {
	t.Helper()
	got, want := "", strings.Join(args, " ")
	switch word {
	case "article":
		got = v.Article
	case "note":
		got = string(v.Note)
	case "needed":
		got = strconv.Itoa(v.Needed)
	case "used":
		got = years(v.Used)
	case "left-out":
		got = years(v.LeftOut)
	case "mean":
		numbers := map[string]float64{"mean": v.Mean, "sd": v.SD, "warn": v.Warn, "line": v.Line}
		args = append([]string{word}, args...)
		for i := 0; i+1 < len(args); i += 2 {
			want, err := strconv.ParseFloat(args[i+1], 64)
			if got, ok := numbers[args[i]]; !ok || err != nil || math.Abs(got-want) > 5e-5 {
				t.Errorf("%s is %v, want %s", args[i], got, args[i+1])
			}
		}
		return
	default:
		t.Fatalf("unknown word %q", word)
	}
	if got != want {
		t.Errorf("%s is %q, want %q", word, got, want)
	}
}

func years(list []outbreak.Year) string {
	var s []string
	for _, y := range list {
		s = append(s, strconv.Itoa(y.Year))
	}
	return strings.Join(s, " ")
}

func drawFacts(t *rapid.T) outbreak.Facts {
	f := outbreak.Facts{
		Group:   rapid.SampledFrom([]string{"A", "B", "C"}).Draw(t, "group"),
		Endemic: rapid.Bool().Draw(t, "endemic"),
		Count:   rapid.IntRange(0, 60).Draw(t, "count"),
	}
	f.Never, f.Risk = rapid.Bool().Draw(t, "never"), rapid.SampledFrom(append(outbreak.Risks(), "")).Draw(t, "risk")
	f.Confirmed = rapid.IntRange(0, f.Count).Draw(t, "confirmed")
	f.Linked = rapid.IntRange(0, f.Count).Draw(t, "linked")
	for y := range rapid.IntRange(0, 9).Draw(t, "years") {
		f.Past = append(f.Past, outbreak.Year{Year: 2025 - y, Count: rapid.IntRange(0, 40).Draw(t, "past"),
			Epidemic: rapid.Float64Range(0, 1).Draw(t, "epidemic") < 0.2, Missing: rapid.Float64Range(0, 1).Draw(t, "missing") < 0.2})
	}
	return f
}

var severity = map[outbreak.State]int{outbreak.StateBelow: 0, outbreak.StateWarning: 1, outbreak.StateEpidemic: 2}

// One more case of every kind never lowers a verdict.
func TestMoreCasesNeverLower(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, f := outbreak.TT15(), drawFacts(t)
		more := f
		more.Count++
		more.Linked++
		more.Confirmed++
		for _, judge := range []func(outbreak.Rules, outbreak.Facts) outbreak.Verdict{outbreak.Epidemic, outbreak.Warning} {
			a, b := judge(r, f), judge(r, more)
			if (a.State == outbreak.StateShort) != (b.State == outbreak.StateShort) || severity[b.State] < severity[a.State] {
				t.Fatalf("%+v, then %+v", a, b)
			}
		}
	})
}

// Order of the years, epidemic years and years older than the fifth valid one
// change nothing.
func TestOnlyValidYearsCount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, f := outbreak.TT15(), drawFacts(t)
		want := outbreak.Epidemic(r, f)
		g := f
		g.Past = slices.Clone(f.Past)
		for i := range g.Past {
			if g.Past[i].Epidemic || g.Past[i].Missing {
				g.Past[i].Count = 1000
			}
		}
		slices.Reverse(g.Past)
		g.Past = append(g.Past, outbreak.Year{Year: 1990, Count: 1000, Epidemic: true})
		if len(want.Used) == r.BaselineYears {
			g.Past = append(g.Past, outbreak.Year{Year: 1991, Count: 1000})
		}
		got := outbreak.Epidemic(r, g)
		if got.State != want.State || got.Mean != want.Mean || got.SD != want.SD || years(got.Used) != years(want.Used) {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	})
}

// The comparison agrees with one in 300 binary digits, and the printed line
// with the verdict.
func TestLineIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, f := outbreak.TT15(), drawFacts(t)
		r.Population = rapid.Bool().Draw(t, "population")
		f.Group, f.Endemic = "B", true
		v := outbreak.Epidemic(r, f)
		if v.Article != "16.1b" || v.State == outbreak.StateShort {
			return
		}
		line := exactLine(v.Used, 2, r.Population)
		if above := new(big.Float).SetInt64(int64(f.Count)).Cmp(line) > 0; above != (v.State == outbreak.StateEpidemic) {
			t.Fatalf("count %d, line %s, verdict %+v", f.Count, line.Text('g', 20), v)
		}
		if shown, _ := line.Float64(); math.Abs(shown-v.Line) > 1e-9 {
			t.Fatalf("line %v, exactly %v", v.Line, shown)
		}
	})
}

func exactLine(years []outbreak.Year, k int64, population bool) *big.Float {
	number := func(x int64) *big.Float { return new(big.Float).SetPrec(300).SetInt64(x) }
	var sum int64
	for _, y := range years {
		sum += int64(y.Count)
	}
	n := int64(len(years))
	mean := number(sum)
	mean.Quo(mean, number(n))
	squares := number(0)
	for _, y := range years {
		d := number(int64(y.Count))
		d.Sub(d, mean)
		squares.Add(squares, d.Mul(d, d))
	}
	div := n - 1
	if population {
		div = n
	}
	sd := squares.Quo(squares, number(div))
	sd.Sqrt(sd)
	return sd.Mul(sd, number(k)).Add(sd, mean)
}

// A larger divisor never draws the line higher.
func TestDivisor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFacts(t)
		f.Group, f.Endemic = "C", true
		sample, population := outbreak.TT15(), outbreak.TT15()
		population.Population = true
		if a, b := outbreak.Epidemic(sample, f), outbreak.Epidemic(population, f); b.Line > a.Line {
			t.Fatalf("n−1: %v, n: %v", a.Line, b.Line)
		}
	})
}
