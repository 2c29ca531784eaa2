// SPDX-License-Identifier: Apache-2.0

package access

import (
	"bufio"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
	"github.com/cedar-policy/cedar-go/x/exp/schema"
	"github.com/cedar-policy/cedar-go/x/exp/schema/validate"
	"pgregory.net/rapid"

	"mach/content"
	"mach/store"
	"mach/vn"
)

// tree is a map of three levels: 1 nation, 2 and 3 provinces, 21 22 31
// communes.
type tree struct{}

func (tree) WithinOn(id, ancestor vn.UnitID, _ vn.Date) bool {
	for ; id > 0; id = map[vn.UnitID]vn.UnitID{2: 1, 3: 1, 21: 2, 22: 2, 31: 3}[id] {
		if id == ancestor {
			return true
		}
	}
	return false
}

func newPolicy(t testing.TB) *Policy {
	t.Helper()
	p, err := NewPolicy(content.Policies(), tree{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var noon = time.Date(2026, 11, 21, 5, 0, 0, 0, time.UTC)

// question is one line of testdata/policy.
type question struct {
	actor store.Actor
	act   store.Action
	l     store.Labels
	rels  []store.Relation
	allow bool
	why   string
}

// TestPolicyCases reads the cases that a lawyer can read too.
func TestPolicyCases(t *testing.T) {
	p := newPolicy(t)
	files, err := filepath.Glob("testdata/policy/*.txt")
	if err != nil || len(files) < 6 {
		t.Fatalf("cases: %d files, %v", len(files), err)
	}
	used, seen := map[string]bool{}, map[store.Role]bool{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sc := bufio.NewScanner(strings.NewReader(string(b)))
		for n := 1; sc.Scan(); n++ {
			line := strings.TrimSpace(sc.Text())
			if line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "==") {
				continue
			}
			q := parseQuestion(t, line)
			got := p.Judge(q.actor, q.act, q.l, q.rels, noon)
			if got.Allow != q.allow || got.Reason != q.why {
				t.Errorf("%s:%d: %s\n\tgot %v %s", file, n, line, got.Allow, got.Reason)
			}
			used[got.Reason], seen[q.actor.Role] = true, true
			if got.Allow && !reaches(p.Reach(q.actor, q.act, q.l.Type), q) {
				t.Errorf("%s:%d: %s\n\tallowed, but out of reach %+v", file, n, line, p.Reach(q.actor, q.act, q.l.Type))
			}
		}
	}
	for _, one := range p.policies {
		if !used[one.id] && one.id != "figures.reports" {
			t.Errorf("no case is decided by policy %s", one.id)
		}
	}
	for name := range p.roles {
		if !seen[name] {
			t.Errorf("no case for role %s", name)
		}
	}
}

func parseQuestion(t *testing.T, line string) question {
	left, right, ok := strings.Cut(line, ":")
	f, answer := strings.Fields(left), strings.Fields(right)
	if !ok || len(f) < 3 || len(answer) != 2 {
		t.Fatalf("cannot read %q", line)
	}
	q := question{act: store.Action(f[1]), allow: answer[0] == "yes", why: answer[1]}
	q.actor = store.Actor{Account: "a1", Role: store.Role(f[0]), Practitioner: "w1", Facility: "f1", Unit: 21, Purpose: store.Treatment}
	switch q.actor.Role {
	case "nobody":
		q.actor = store.Actor{}
	case store.Person, store.Guardian:
		q.actor.Facility, q.actor.Practitioner, q.actor.Patient = "", "", "own"
	}
	q.l = store.Labels{Type: f[2], ID: "x", Patient: "p1", Facility: "f9", Unit: 31, Author: "a9"}
	var kinds []string
	ended, other := false, false
	for _, w := range f[3:] {
		switch w {
		case "resident":
			kinds = append(kinds, KindResidence)
		case KindArrival, KindVisit, KindConsent, KindConsultation, KindExpert, KindCase, KindGuardian, KindEmergency, KindReview, KindHandover:
			kinds = append(kinds, w)
		case "summary":
			kinds = append(kinds, KindSummary)
		case "ended":
			ended = true
		case "other":
			other = true
		case "here":
			q.l.Facility = "f1"
		case "within":
			q.l.Unit = 21
		case "own":
			q.l.Patient = q.actor.Patient
		case "author":
			q.l.Author = "a1"
		case "draft":
			q.l.Draft = true
		case "nobody":
			q.l.Patient = ""
		case "case-report", "epidemic", "event", "event-step", "event-decision", "response", "contact", "contact-village", "alert-answer", "alert-settings", "forecast",
			"case-draft", "case-handover", "case-message", "case-message-answer":
			q.l.Category = w
		case "ETREAT":
			q.actor.Purpose = store.Emergency
		case "hiv", "sti", "mental", "reproductive", "closed-visit", "secret":
			q.l.Sensitivity = append(q.l.Sensitivity, w)
		default:
			t.Fatalf("unknown word %q in %q", w, line)
		}
	}
	for _, k := range kinds {
		r := store.Relation{Patient: q.l.Patient, Kind: k, From: noon.AddDate(0, 0, -9)}
		switch {
		case k == KindCase:
		case k == KindExpert:
			r.Account = store.Actor{Practitioner: pick(other, "w9", "w1")}.Worker()
		case slices.Contains([]string{KindGuardian, KindEmergency, KindSummary, KindReview}, k):
			r.Account = pick(other, "a9", "a1")
		default:
			r.Facility = pick(other, "f9", "f1")
		}
		if ended {
			r.To = noon.AddDate(0, 0, -1)
		}
		q.rels = append(q.rels, r)
	}
	return q
}

func pick(other bool, yes, no string) string {
	if other {
		return yes
	}
	return no
}

// reaches is what the store's WHERE clause does with a reach.
func reaches(r store.Reach, q question) bool {
	related := func(match func(store.Relation) bool) bool {
		return q.l.Patient != "" && slices.ContainsFunc(q.rels, func(x store.Relation) bool { return x.Patient == q.l.Patient && match(x) })
	}
	switch {
	case r.All,
		r.Patient != "" && q.l.Patient == r.Patient,
		r.Facility != "" && q.l.Facility == r.Facility,
		r.Facility != "" && related(func(x store.Relation) bool { return x.Facility == r.Facility }),
		r.Account != "" && related(func(x store.Relation) bool { return x.Account == r.Account }),
		r.Worker != "" && related(func(x store.Relation) bool { return x.Account == r.Worker }),
		r.Open && q.l.Patient == "":
		return true
	}
	return slices.ContainsFunc(r.Units, func(u vn.UnitID) bool { return tree{}.WithinOn(q.l.Unit, u, 0) })
}

// drawQuestion makes any question at all.
func drawQuestion(t *rapid.T, p *Policy) question {
	var roles []store.Role
	for r := range p.roles {
		roles = append(roles, r)
	}
	slices.Sort(roles)
	some := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
	var typs []string
	for typ := range p.types {
		typs = append(typs, typ)
	}
	slices.Sort(typs)
	unit := func(label string) vn.UnitID {
		return rapid.SampledFrom([]vn.UnitID{0, 1, 2, 3, 21, 22, 31}).Draw(t, label)
	}
	q := question{
		actor: store.Actor{Account: some("account", "a1", "a2", ""), Role: rapid.SampledFrom(roles).Draw(t, "role"),
			Practitioner: some("practitioner", "w1", "w2", ""), Facility: some("facility", "f1", "f2", ""), Unit: unit("unit"), Patient: some("own", "", "p1", "p2"),
			Purpose: store.Purpose(some("purpose", "TREAT", "ETREAT"))},
		act: store.Action(some("act", "read", "search", "create", "update", "delete", "identify")),
		l: store.Labels{Type: rapid.SampledFrom(typs).Draw(t, "type"), Patient: some("patient", "", "p1", "p2"),
			Facility: some("made", "f1", "f2", ""), Unit: unit("where"), Author: some("author", "a1", "a2", "Practitioner/w1", "Practitioner/", ""),
			Category: some("category", append([]string{"ticket"}, categories[:]...)...), Draft: rapid.Bool().Draw(t, "draft")},
	}
	if rapid.IntRange(0, 3).Draw(t, "labelled") == 0 {
		q.l.Sensitivity = []string{some("label", sensitivities[:]...)}
	}
	if rapid.IntRange(0, 4).Draw(t, "scoped") == 0 {
		q.actor.Scopes = []string{some("scope", "user/*.cruds", "patient/*.rs", "system/*.r", "user/Patient.rs", "nonsense")}
	}
	for range rapid.IntRange(0, 4).Draw(t, "relations") {
		r := store.Relation{Patient: some("of", "p1", "p2"), Kind: some("kind", append([]string{"friend"}, relationKinds[:]...)...),
			From: noon.Add(time.Duration(rapid.IntRange(-3, 1).Draw(t, "from")) * time.Hour)}
		switch rapid.IntRange(0, 2).Draw(t, "with") {
		case 0:
			r.Facility = some("with facility", "f1", "f2")
		case 1:
			r.Account = some("with account", "a1", "a2", "Practitioner/w1", "Practitioner/w2", "Practitioner/")
		}
		if rapid.Bool().Draw(t, "closed") {
			r.To = noon.Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "to")) * time.Hour)
		}
		q.rels = append(q.rels, r)
	}
	return q
}

// TestReachCoversJudge: nothing that may be seen is cut off by the WHERE
// clause.
func TestReachCoversJudge(t *testing.T) {
	p := newPolicy(t)
	allowed, each := 0, 30
	if testing.Short() {
		each = 150 // rapid checks a fifth as often
	}
	rapid.Check(t, func(t *rapid.T) {
		for range each {
			q := drawQuestion(t, p)
			if !p.Judge(q.actor, q.act, q.l, q.rels, noon).Allow {
				continue
			}
			allowed++
			if r := p.Reach(q.actor, q.act, q.l.Type); !reaches(r, q) {
				t.Fatalf("allowed but out of reach %+v:\n%+v", r, q)
			}
		}
	})
	if allowed < 50 {
		t.Fatalf("only %d allowed questions drawn: the test proves nothing", allowed)
	}
}

// TestMonotone: a fact that brings nearer never closes a door. Reach depends
// on it.
func TestMonotone(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine: the race detector has nothing to see")
	}
	p := newPolicy(t)
	for name := range p.roles {
		for _, typ := range kindsOfTypes(p) {
			for _, act := range []store.Action{store.ActRead, store.ActUpdate} {
				for _, category := range categories {
					checkMonotone(t, p, situation{role: name, act: act, typ: typ, category: category, personal: true})
					checkMonotone(t, p, situation{role: name, act: act, typ: typ, category: category})
				}
			}
		}
	}
}

// kindsOfTypes returns one type for each set of parts, and those that policies
// name.
func kindsOfTypes(p *Policy) []string {
	out := []string{"Patient", "Encounter", "DiagnosticReport", "Communication", "AuditEvent"}
	seen := map[string]bool{}
	for typ := range p.types {
		var parts []string
		for uid := range p.entities[types.NewEntityUID("Type", types.String(typ))].Parents.All() {
			parts = append(parts, string(uid.ID))
		}
		slices.Sort(parts)
		if key := strings.Join(parts, " "); !seen[key] {
			seen[key] = true
			out = append(out, typ)
		}
	}
	return out
}

func checkMonotone(t *testing.T, p *Policy, s situation) {
	t.Helper()
	var allowed [fourFacts + 1]bool
	for facts := reachFacts(0); facts <= fourFacts; facts++ {
		allowed[facts] = p.decide(s.with(facts)).Allow
		for f := factOwn; f < factOpen; f <<= 1 {
			if facts&f != 0 && allowed[facts&^f] && !allowed[facts] {
				t.Fatalf("%+v: %b is permitted, %b is not", s, facts&^f, facts)
			}
		}
	}
}

// TestReachIsNarrow: the reach says no more than it must.
func TestReachIsNarrow(t *testing.T) {
	p := newPolicy(t)
	full := store.Actor{Account: "a", Practitioner: "w", Facility: "f", Unit: 2, Patient: "me"}
	for _, c := range []struct {
		role store.Role
		act  store.Action
		typ  string
		want store.Reach
	}{
		{store.Doctor, store.ActRead, "Observation", store.Reach{Facility: "f"}},
		{store.Receptionist, store.ActRead, "Observation", store.Reach{}},
		{store.CDC, store.ActSearch, "Condition", store.Reach{Facility: "f", Units: []vn.UnitID{2}}}, // what is handed to it lies elsewhere
		{store.ClosedDesk, store.ActSearch, "Condition", store.Reach{Units: []vn.UnitID{2}}},
		{store.ClosedDesk, store.ActSearch, "Patient", store.Reach{}},
		{store.Institute, store.ActSearch, "Condition", store.Reach{Units: []vn.UnitID{2}}},
		{store.CDC, store.ActSearch, "Encounter", store.Reach{}},
		{store.Ministry, store.ActSearch, "Patient", store.Reach{}},
		{store.Expert, store.ActSearch, "Observation", store.Reach{Account: "a", Worker: "Practitioner/w"}},
		{store.Coordinator, store.ActSearch, "ServiceRequest", store.Reach{Facility: "f"}},
		{store.Person, store.ActSearch, "Observation", store.Reach{Patient: "me"}},
		{store.Nurse, store.ActSearch, "Organization", store.Reach{Open: true}},
		{store.System, store.ActSearch, "Patient", store.Reach{All: true}},
		{store.Nurse, store.ActSearch, "Group", store.Reach{Facility: "f", Units: []vn.UnitID{2}}},
	} {
		a := full
		a.Role = c.role
		got := p.Reach(a, c.act, c.typ)
		if !slices.Equal(got.Units, c.want.Units) {
			t.Errorf("%s %s %s: units %v, want %v", c.role, c.act, c.typ, got.Units, c.want.Units)
		}
		got.Units, c.want.Units = nil, nil
		if got.All != c.want.All || got.Patient != c.want.Patient || got.Facility != c.want.Facility || got.Account != c.want.Account || got.Worker != c.want.Worker || got.Open != c.want.Open {
			t.Errorf("%s %s %s: reach %+v, want %+v", c.role, c.act, c.typ, got, c.want)
		}
	}
	a := full
	a.Role, a.Purpose = store.Doctor, store.Emergency
	if r := p.Reach(a, store.ActRead, "Condition"); r.Account != "a" || r.Facility != "f" {
		t.Errorf("an emergency reaches %+v", r)
	}
}

// TestClosedByDefault: without a name, a known role and a known type nothing
// opens, in no situation.
func TestClosedByDefault(t *testing.T) {
	p := newPolicy(t)
	rapid.Check(t, func(t *rapid.T) {
		q := drawQuestion(t, p)
		open := q
		if q.actor.Role == store.System {
			return
		}
		for name, spoil := range map[string]func(q *question){
			"no account":   func(q *question) { q.actor.Account = "" },
			"no role":      func(q *question) { q.actor.Role = "" },
			"unknown role": func(q *question) { q.actor.Role = "Doctor" },
			"unknown type": func(q *question) { q.l.Type = "patient" },
			"no type":      func(q *question) { q.l.Type = "" },
			"zero actor":   func(q *question) { q.actor = store.Actor{} },
			"no scopes":    func(q *question) { q.actor.Scopes = []string{} },
			"action":       func(q *question) { q.act = "READ" },
		} {
			q := open
			spoil(&q)
			if d := p.Judge(q.actor, q.act, q.l, q.rels, noon); d.Allow {
				t.Fatalf("%s: allowed by %s: %+v", name, d.Reason, q)
			}
		}
	})
	if r := p.Reach(store.Actor{}, store.ActRead, "Patient"); r.All || r.Open || r.Patient+r.Facility+r.Account+r.Worker != "" || r.Units != nil {
		t.Errorf("nobody reaches %+v", r)
	}
}

// TestScopesOnlyNarrow: no token may do what its actor may not.
func TestScopesOnlyNarrow(t *testing.T) {
	p := newPolicy(t)
	rapid.Check(t, func(t *rapid.T) {
		q := drawQuestion(t, p)
		free := q.actor
		free.Scopes = nil
		if p.Judge(q.actor, q.act, q.l, q.rels, noon).Allow && !p.Judge(free, q.act, q.l, q.rels, noon).Allow {
			t.Fatalf("a scope opened what was closed: %+v", q)
		}
	})
}

// TestPoliciesMatchSchema checks the policies and every entity against the
// Cedar schema.
func TestPoliciesMatchSchema(t *testing.T) {
	p := newPolicy(t)
	b, err := fs.ReadFile(content.Policies(), "mach.cedarschema")
	if err != nil {
		t.Fatal(err)
	}
	var s schema.Schema
	if err := s.UnmarshalCedar(b); err != nil {
		t.Fatal(err)
	}
	resolved, err := s.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	v := validate.New(resolved)
	for _, one := range p.policies {
		for id, policy := range one.only.All() {
			if err := v.Policy(string(id), (*ast.Policy)(policy.AST())); err != nil {
				t.Errorf("%s: %v", id, err)
			}
		}
	}
	for uid, e := range p.entities {
		if uid.Type == "Action" {
			continue
		}
		if err := v.Entity(e); err != nil {
			t.Errorf("%s: %v", uid, err)
		}
	}
	req := situation{role: store.Doctor, act: store.ActRead, typ: "Patient"}.request()
	if err := v.Request(req); err != nil {
		t.Errorf("request: %v", err)
	}
}

// TestEveryRoleIsWritten: a role of the store without a table would be nobody.
func TestEveryRoleIsWritten(t *testing.T) {
	p := newPolicy(t)
	all := []store.Role{store.Receptionist, store.Nurse, store.Doctor, store.Midwife, store.Pharmacist, store.ImmunisationOff,
		store.VillageWorker, store.StationDirector, store.Chairman, store.Department, store.CDC, store.ClosedDesk, store.Institute, store.HospitalReporter,
		store.Coordinator, store.Expert, store.Ministry, store.PrivateClinic, store.AccessReviewer, store.Administrator,
		store.Person, store.Guardian, store.System}
	for _, r := range all {
		if p.roles[r].name != r {
			t.Errorf("roles.toml has no [%s]", r)
		}
	}
	if len(p.roles) != len(all) {
		t.Errorf("roles.toml has %d roles, the store %d", len(p.roles), len(all))
	}
}

func BenchmarkJudge(b *testing.B) {
	p := newPolicy(b)
	a := store.Actor{Account: "a1", Role: store.Doctor, Facility: "f1", Unit: 21, Purpose: store.Treatment}
	l := store.Labels{Type: "Observation", Patient: "p1", Facility: "f1", Unit: 21}
	rels := []store.Relation{{Patient: "p1", Facility: "f1", Kind: KindResidence, From: noon.AddDate(-1, 0, 0)}}
	b.Run("remembered", func(b *testing.B) {
		for b.Loop() {
			if !p.Judge(a, store.ActRead, l, rels, noon).Allow {
				b.Fatal("refused")
			}
		}
	})
	b.Run("asked", func(b *testing.B) {
		s := situation{role: store.Doctor, act: store.ActRead, typ: "Observation", personal: true, here: true, within: true, related: 1}
		for b.Loop() {
			if !p.ask(s).Allow {
				b.Fatal("refused")
			}
		}
	})
}
