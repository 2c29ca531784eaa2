// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"mach/audit"
)

// log is a sealed log in memory.
type log struct {
	rows   []audit.Row
	tiles  map[string][]byte
	points []audit.Tree
	sealed int64
}

func (l *log) read(level, n int64) ([]byte, error) {
	return l.tiles[fmt.Sprint(level, "/", n)], nil
}

func (l *log) add(n int) {
	for range n {
		seq := int64(len(l.rows) + 1)
		l.rows = append(l.rows, audit.Row{Seq: seq, At: 1000 * seq, Account: fmt.Sprint("a", seq%7), Action: "read", Types: []string{"Patient"}, Allowed: seq%5 != 0})
	}
}

func (l *log) seal(t testing.TB) {
	t.Helper()
	tree, tiles, err := audit.Grow(l.sealed, l.rows[l.sealed:], l.read)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range tiles {
		l.tiles[fmt.Sprint(x.Level, "/", x.N)] = bytes.Clone(x.Hashes)
	}
	l.points, l.sealed = append(l.points, tree), tree.Size
}

func (l *log) check(t testing.TB) audit.Finding {
	t.Helper()
	c := audit.NewChecker(l.read, l.points)
	for _, r := range l.rows {
		if err := c.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	return c.Finding()
}

func sealedLog(t testing.TB, parts ...int) *log {
	l := &log{tiles: map[string][]byte{}}
	for _, n := range parts {
		l.add(n)
		l.seal(t)
	}
	return l
}

func TestAlteredRowIsNamed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l := sealedLog(t, rapid.SliceOfN(rapid.IntRange(1, 700), 1, 4).Draw(rt, "parts")...)
		l.add(3)
		if f := l.check(t); !f.OK || f.Sealed != l.sealed || f.Tail != 3 {
			rt.Fatalf("untouched: %+v", f)
		}
		at := rapid.Int64Range(0, l.sealed-1).Draw(rt, "row")
		edits := map[string]func(*audit.Row){
			"name":    func(r *audit.Row) { r.Name += "x" },
			"allowed": func(r *audit.Row) { r.Allowed = !r.Allowed },
			"time":    func(r *audit.Row) { r.At++ },
			"types":   func(r *audit.Row) { r.Types = nil },
			"shift":   func(r *audit.Row) { r.Account, r.Name = "", r.Account },
			"site":    func(r *audit.Row) { r.Site = "y" },
		}
		edits[rapid.SampledFrom([]string{"name", "allowed", "time", "types", "shift", "site"}).Draw(rt, "edit")](&l.rows[at])
		if f := l.check(t); f.OK || f.Row != at+1 {
			rt.Fatalf("row %d altered: %+v", at+1, f)
		}
	})
}

// Who alters the row and its tile is caught by the signed tree.
func TestAlteredTileDoesNotHelp(t *testing.T) {
	l := sealedLog(t, 300, 300)
	forged := sealedLog(t, 300)
	forged.rows[99].Name = "Ai đó"
	again := &log{rows: forged.rows, tiles: map[string][]byte{}}
	again.seal(t)
	l.rows[99] = again.rows[99]
	l.tiles["0/0"] = again.tiles["0/0"]
	if f := l.check(t); f.OK || f.Row != 1 || !strings.Contains(f.Detail, "rows 1 to 300") {
		t.Errorf("%+v", f)
	}
}

func TestMissingRows(t *testing.T) {
	for name, edit := range map[string]func(*log){
		"middle": func(l *log) { l.rows = append(l.rows[:99:99], l.rows[100:]...) },
		"end":    func(l *log) { l.rows = l.rows[:99] },
	} {
		l := sealedLog(t, 300)
		edit(l)
		if f := l.check(t); f.OK || f.Row != 100 {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

func TestCheckpointIsSigned(t *testing.T) {
	private, public, err := audit.NewKey("mach/test")
	if err != nil {
		t.Fatal(err)
	}
	tree := sealedLog(t, 10).points[0]
	note, err := audit.Sign(tree, private)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := audit.Open(note, []string{public}); err != nil || got != tree {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := audit.Open(strings.Replace(note, "10\n", "11\n", 1), []string{public}); err == nil {
		t.Error("an altered checkpoint opens")
	}
	_, other, _ := audit.NewKey("mach/test")
	if _, err := audit.Open(note, []string{other}); err == nil {
		t.Error("a checkpoint opens with another key")
	}
	if _, err := audit.Sign(audit.Tree{}, private); err == nil {
		t.Error("an empty tree is signed")
	}
}

// No two different rows have the same canonical form.
func TestCanonicalIsUnambiguous(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		field := rapid.StringMatching(`[a:\n1]{0,4}`)
		draw := func(name string) audit.Row {
			return audit.Row{Seq: 1, Account: field.Draw(t, name+"account"), Name: field.Draw(t, name+"name"), Role: field.Draw(t, name+"role")}
		}
		a, b := draw("a"), draw("b")
		same := a.Account == b.Account && a.Name == b.Name && a.Role == b.Role
		if bytes.Equal(a.Canonical(), b.Canonical()) != same {
			t.Fatalf("%+v and %+v", a, b)
		}
	})
}

// Logs that are sealed stay what they are.
func TestCanonicalForm(t *testing.T) {
	r := audit.Row{Seq: 7, At: 1700000000000000, Account: "a", Name: "Hoa", Role: "nurse", Practitioner: "pr", Facility: "f", FacilityName: "Trạm", Purpose: "TREAT",
		Action: "read", Types: []string{"Condition", "Patient"}, Target: "Patient/p", Patient: "p", Sensitivity: []string{"HIV"}, Allowed: true, Reason: "r", Session: "s", Request: "q", Site: "hub"}
	const want = "12:mach.audit.1\n1:7\n16:1700000000000000\n1:a\n3:Hoa\n5:nurse\n2:pr\n1:f\n6:Trạm\n5:TREAT\n4:read\n17:Condition Patient\n9:Patient/p\n1:p\n3:HIV\n1:1\n1:r\n1:s\n1:q\n3:hub\n"
	if got := string(r.Canonical()); got != want {
		t.Errorf("%q", got)
	}
}

// A row is read as it was written, and nothing else is one.
func TestParse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a:\n 1ă]{0,5}`)
		word := rapid.SliceOfN(rapid.StringMatching(`[a-c]{1,2}`), 0, 3)
		r := audit.Row{Seq: rapid.Int64().Draw(t, "seq"), At: rapid.Int64().Draw(t, "at"), Account: text.Draw(t, "account"), Name: text.Draw(t, "name"),
			FacilityName: text.Draw(t, "facility"), Types: word.Draw(t, "types"), Patient: strings.Join(word.Draw(t, "people"), " "),
			Sensitivity: word.Draw(t, "sens"), Allowed: rapid.Bool().Draw(t, "allowed"), Reason: text.Draw(t, "reason"), Site: text.Draw(t, "site")}
		b := r.Canonical()
		got, err := audit.Parse(b)
		if err != nil || !bytes.Equal(got.Canonical(), b) || got.Name != r.Name || got.Patient != r.Patient || got.Site != r.Site {
			t.Fatalf("%+v of %+v, %v", got, r, err)
		}
		cut := rapid.IntRange(0, len(b)-1).Draw(t, "cut")
		if _, err := audit.Parse(b[:cut]); err == nil {
			t.Fatalf("a part is read: %q", b[:cut])
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(audit.Row{Seq: 1, Name: "Hoa", Types: []string{"Patient"}}.Canonical())
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := audit.Parse(b); err == nil {
			if again, err := audit.Parse(r.Canonical()); err != nil || !bytes.Equal(again.Canonical(), r.Canonical()) {
				t.Errorf("%+v, then %+v, %v", r, again, err)
			}
		}
	})
}

func BenchmarkGrow(b *testing.B) {
	l := &log{tiles: map[string][]byte{}}
	l.add(4096)
	for b.Loop() {
		if _, _, err := audit.Grow(0, l.rows, l.read); err != nil {
			b.Fatal(err)
		}
	}
}
