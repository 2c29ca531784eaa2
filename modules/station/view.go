// SPDX-License-Identifier: Apache-2.0

package station

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"mach/casereport"
	"mach/fhir"
	"mach/store"
	"mach/vn"
)

// Visit reads one visit with all its parts.
func (m *Module) Visit(ctx context.Context, a store.Actor, id string) (Visit, error) {
	door := m.store.For(a)
	enc, err := door.Read(ctx, "Encounter", id)
	if err != nil {
		return Visit{}, err
	}
	v := Visit{
		ID: id, Patient: fhir.IDOf(enc.Get("subject", "reference").String()),
		Facility: fhir.IDOf(enc.Get("serviceProvider", "reference").String()),
		Status:   enc.Get("status").String(), Reason: enc.Get("reasonCode", "text").String(),
		Arrived:  moment(enc.Get("period", "start").String()),
		Ended:    moment(enc.Get("period", "end").String()),
		FollowUp: vn.ZeroDate, Asked: Asked{Onset: vn.ZeroDate}, parts: []*fhir.Doc{enc},
	}
	v.Version, _ = strconv.ParseInt(enc.VersionID(), 10, 64)
	for _, part := range []struct{ typ, param, value string }{
		{"Observation", "encounter", "Encounter/" + id},
		{"Condition", "encounter", "Encounter/" + id},
		{"MedicationRequest", "encounter", "Encounter/" + id},
		{"CarePlan", "encounter", "Encounter/" + id},
		{"Appointment", "supporting-info", "Encounter/" + id},
		{"QuestionnaireResponse", "encounter", "Encounter/" + id},
	} {
		page, err := door.Search(ctx, store.Query{Type: part.typ, Params: [][2]string{{part.param, part.value}}, Count: 200})
		if err != nil {
			return Visit{}, fmt.Errorf("%s of a visit: %w", part.typ, err)
		}
		for _, d := range page.Docs {
			v.add(d)
		}
	}
	v.rank(enc)
	v.Who = v.workers()
	return v, nil
}

// dangers are the person's allergies and warnings that hold, in words.
func (m *Module) dangers(ctx context.Context, a store.Actor, patient string) ([]string, error) {
	var out []string
	for _, typ := range []string{"AllergyIntolerance", "Flag"} {
		page, err := m.store.For(a).Search(ctx, store.Query{Type: typ, Params: [][2]string{{"patient", "Patient/" + patient}}, Count: 50})
		if err != nil {
			return nil, fmt.Errorf("%s of a person: %w", typ, err)
		}
		for _, d := range page.Docs {
			words := cmp.Or(d.Get("code", "text").String(), d.Get("code", "coding", "display").String())
			gone := false
			for _, state := range []string{d.Get("status").String(), d.Get("clinicalStatus", "coding", "code").String(), d.Get("verificationStatus", "coding", "code").String()} {
				gone = gone || slices.Contains([]string{"inactive", "resolved", "refuted", "entered-in-error"}, state)
			}
			if words != "" && !gone {
				out = append(out, words)
			}
		}
	}
	return out, nil
}

// add sorts a part into the visit; case reports and what was entered in error
// are not part of it.
func (v *Visit) add(d *fhir.Doc) {
	if d.Type() == "Observation" {
		v.parts = append(v.parts, d)
		v.Measures = append(v.Measures, measuresOf(d)...)
		return
	}
	l, ok := lineOf(d)
	if !ok {
		return
	}
	v.parts = append(v.parts, d)
	switch l.kind {
	case "diagnosis":
		v.Diagnoses = append(v.Diagnoses, Diagnosis{l.code, l.words})
		v.Conditions = append(v.Conditions, d.ID())
		if on, err := vn.ParseDate(l.onset); err == nil {
			v.Asked.Onset = on
		}
	case "medicine":
		v.Medicines = append(v.Medicines, Medicine{d.Get("medicationCodeableConcept", "text").String(), d.Get("dosageInstruction", "text").String()})
	case "advice":
		v.Advice = l.words
	case "follow-up":
		v.FollowUp = l.day
	case "asked":
		v.Asked.Answers = casereport.Answers(d)
	}
}

// rank puts the diagnoses in the order the Encounter gives them.
func (v *Visit) rank(enc *fhir.Doc) {
	order := map[string]int{}
	for d := range enc.Each("diagnosis") {
		order[fhir.IDOf(d.Get("condition", "reference").String())] = d.Get("rank").Int()
	}
	index := make([]int, len(v.Conditions))
	for i := range index {
		index[i] = i
	}
	slices.SortStableFunc(index, func(i, j int) int { return cmp.Compare(order[v.Conditions[i]], order[v.Conditions[j]]) })
	diagnoses, conditions := make([]Diagnosis, len(index)), make([]string, len(index))
	for to, from := range index {
		diagnoses[to], conditions[to] = v.Diagnoses[from], v.Conditions[from]
	}
	v.Diagnoses, v.Conditions = diagnoses, conditions
}

func measuresOf(d *fhir.Doc) []Measure {
	at, encounter := moment(d.Get("effectiveDateTime").String()), fhir.IDOf(d.Get("encounter", "reference").String())
	var out []Measure
	add := func(n fhir.Node) {
		if value := n.Get("valueQuantity", "value").String(); value != "" {
			out = append(out, Measure{n.Get("code", "coding", "code").String(), value, n.Get("valueQuantity", "unit").String(), at, encounter})
		}
	}
	add(d.Root())
	for component := range d.Each("component") {
		add(component)
	}
	return out
}

func moment(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

// Person is one line of a search at reception.
type Person struct {
	Patient, Facility, Name, Sex, Birth string
	Number, Insurance, Phone, Address   string
	Unit                                vn.UnitID
	Here                                bool // belongs to this station
	Stranger                            bool // only recognised: the record opens once the person has arrived
	sort, folded                        string
	sensitivity                         []string
}

// Labels lets the guard judge the line as the person.
func (p Person) Labels() store.Labels {
	return store.Labels{Type: "Patient", ID: p.Patient, Patient: p.Patient, Facility: p.Facility, Unit: p.Unit, Sensitivity: p.sensitivity}
}

const personColumns = `p.patient, p.facility, p.unit, p.name, p.folded, p.name_sort, p.sex, p.birth,
	p.number, p.insurance, p.phone, p.address, p.sensitivity`

func scanPerson(scan store.Scan) (Person, error) {
	var p Person
	var unit int64
	var sensitivity string
	err := scan(&p.Patient, &p.Facility, &unit, &p.Name, &p.folded, &p.sort, &p.Sex, &p.Birth,
		&p.Number, &p.Insurance, &p.Phone, &p.Address, &sensitivity)
	p.Unit, p.sensitivity = vn.UnitID(unit), strings.Fields(sensitivity)
	return p, err
}

// common is from how many people on a syllable counts as common: then walking
// the names in order meets enough matches sooner than sorting all that have it.
const common = 2000

// Find lists people of the station, and today's arrivals there, whose name has
// a syllable beginning with each word of the text ("ngu va a" finds Nguyễn Văn
// An). Words typed with marks put exact matches first; then by given name. At
// most limit; an empty text finds nobody.
func (m *Module) Find(ctx context.Context, a store.Actor, text string, limit int) ([]Person, error) {
	tokens := strings.Fields(vn.Fold(text))
	if len(tokens) == 0 {
		return nil, nil
	}
	station := a.Facility
	where, args := matching(tokens)
	mine, err := m.residents(ctx, a, station, tokens, limit)
	if err != nil {
		return nil, fmt.Errorf("people of the station: %w", err)
	}
	arrived, _, err := store.First(ctx, m.store.For(a), a.Unit, limit, scanPerson, `
		select `+personColumns+`
		  from station_ticket q join station_person p on p.patient = q.patient
		 where q.station = ? and q.day = ? and p.station <> ? and p.station <> '' and `+where+` limit ?`,
		append([]any{station, int64(m.today()), station}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("today's arrivals: %w", err)
	}
	for i := range mine {
		mine[i].Here = true
	}
	all := append(mine, arrived...)
	exact := vn.NormalName(strings.ToLower(text))
	slices.SortStableFunc(all, func(x, y Person) int {
		return cmp.Or(cmp.Compare(misses(x, exact), misses(y, exact)), cmp.Compare(x.sort, y.sort), cmp.Compare(x.Patient, y.Patient))
	})
	all = slices.CompactFunc(all, func(x, y Person) bool { return x.Patient == y.Patient })
	return all[:min(limit, len(all))], nil
}

// residents lists the people of the station whose name has all the words, by
// given name: from the index of the rarest word, or, when all are common, along
// the names.
func (m *Module) residents(ctx context.Context, a store.Actor, station string, tokens []string, limit int) ([]Person, error) {
	driver, rare, err := m.rarest(ctx, a, station, tokens)
	if err != nil {
		return nil, err
	}
	where, args := matching(tokens)
	from, first := `station_person p where p.station = ?`, []any{station}
	if rare {
		lo, hi := prefix(driver)
		from = `(select distinct patient from station_token where station = ? and token >= ? and token < ?) t
			join station_person p on p.patient = t.patient where true`
		first = []any{station, lo, hi}
	}
	list, _, err := store.First(ctx, m.store.For(a), a.Unit, limit, scanPerson,
		`select `+personColumns+` from `+from+` and `+where+` order by p.name_sort, p.patient limit ?`, append(first, args...)...)
	return list, err
}

// misses counts the typed words that no syllable of the name begins with, marks
// and all.
func misses(p Person, typed string) int {
	n := 0
	name := " " + strings.ToLower(p.Name)
	for word := range strings.FieldsSeq(typed) {
		if !strings.Contains(name, " "+word) {
			n++
		}
	}
	return n
}

// rarest returns the word with the fewest people behind it, and whether they
// are few: Nguyễn is three people in ten, so the words are not alike.
func (m *Module) rarest(ctx context.Context, a store.Actor, station string, tokens []string) (word string, few bool, err error) {
	fewest := int64(m.common)
	for _, token := range tokens {
		lo, hi := prefix(token)
		n, err := store.Figures(ctx, m.store.For(a), a.Unit, func(scan store.Scan) (int64, error) {
			var n int64
			return n, scan(&n)
		}, `select count(*) from (select 1 from station_token where station = ? and token >= ? and token < ? limit ?) x`, station, lo, hi, m.common)
		if err != nil {
			return "", false, fmt.Errorf("probing a name: %w", err)
		}
		if n[0] < fewest {
			word, few, fewest = token, true, n[0]
		}
	}
	return word, few, nil
}

func prefix(token string) (lo, hi string) { return token, token + "\uffff" }

// matching is the condition that the folded name has a syllable beginning with
// each word. Folded words hold letters and digits only, so they need no escape.
func matching(tokens []string) (where string, args []any) {
	parts := make([]string, len(tokens))
	for i, token := range tokens {
		parts[i] = "p.folded like ?"
		args = append(args, "% "+strings.NewReplacer("%", "", "_", "").Replace(token)+"%")
	}
	return strings.Join(parts, " and "), args
}

// Waiting is one line of today's list.
type Waiting struct {
	Person
	Encounter, Ticket, Number string
	Status                    string // of the Encounter
	Arrived, Ended            time.Time
	Facility                  string // where in the station
	Place                     string
	Diagnosis                 string // of a signed visit, for those who may read it
	station                   string // the top of Facility
	visit                     []string
}

// Labels lets the guard judge the line. A signed visit is judged as the
// Encounter, with its sensitivity: who may not open it does not find it. One
// that is still open is a place in the queue, and says nothing of why.
func (w Waiting) Labels() store.Labels {
	l := store.Labels{Type: "Encounter", ID: w.Encounter, Patient: w.Patient, Facility: w.station, Unit: w.Person.Unit}
	if w.Status == "finished" {
		l.Sensitivity = w.visit
	}
	return l
}

// Today lists the visits of the day, those who wait first, then those of days
// before that nobody has signed or closed, by arrival: of the actor's sub-site,
// which has a queue of its own, and at the seat of the whole station.
func (m *Module) Today(ctx context.Context, a store.Actor, day vn.Date) ([]Waiting, error) {
	where, here := `v.encounter in (
		select encounter from station_visit where station = ? and day = ? union all
		select encounter from station_visit where station = ? and status in ('arrived', 'in-progress') and day < ?)`,
		[]any{a.Facility, int64(day), a.Facility, int64(day)}
	if a.Site != "" {
		where, here = where+` and v.facility = ?`, append(here, a.Site)
	}
	rows, _, err := store.First(ctx, m.store.For(a), a.Unit, 500, scanWaiting, `
		select `+personColumns+`, v.encounter, coalesce(q.task, ''), coalesce(q.number, ''), v.status, v.arrived, v.ended,
		       v.facility, coalesce(s.name, ''), v.station, v.sensitivity
		  from station_visit v
		  join station_person p on p.patient = v.patient
		  left join station_ticket q on q.encounter = v.encounter
		  left join station_place s on s.facility = v.facility
		 where `+where+` and v.status not in ('cancelled', 'entered-in-error')
		 order by case when v.status = 'finished' then 2 when v.day < ? then 1 else 0 end, v.arrived, v.encounter
		 limit ?`, append(slices.Clone(here), int64(day))...)
	if err != nil {
		return nil, fmt.Errorf("visits of the day: %w", err)
	}
	return rows, m.diagnose(ctx, a, rows, where, here...)
}

// diagnose writes the main diagnosis beside the signed visits, each judged as
// the Condition it is.
func (m *Module) diagnose(ctx context.Context, a store.Actor, rows []Waiting, where string, args ...any) error {
	lines, err := store.List(ctx, m.store.For(a), a.Unit, scanLine, `
		select l.encounter, l.patient, l.kind, l.code, l.words, v.station, l.sensitivity
		  from station_line l join station_visit v on v.encounter = l.encounter
		 where `+where+` and v.status = 'finished' and l.kind = 'diagnosis'
		 order by l.encounter, l.rank, l.resource limit 2000`, args...)
	if err != nil {
		return fmt.Errorf("diagnoses of visits: %w", err)
	}
	main := make(map[string]string, len(lines))
	for _, l := range lines {
		if _, ok := main[l.encounter]; !ok {
			main[l.encounter] = l.words
		}
	}
	for i := range rows {
		rows[i].Diagnosis = main[rows[i].Encounter]
	}
	return nil
}

func scanWaiting(scan store.Scan) (Waiting, error) {
	var w Waiting
	var arrived, ended int64
	var sensitivity string
	var err error
	w.Person, err = scanPerson(func(dest ...any) error {
		return scan(append(dest, &w.Encounter, &w.Ticket, &w.Number, &w.Status, &arrived, &ended, &w.Facility, &w.Place, &w.station, &sensitivity)...)
	})
	w.visit = strings.Fields(sensitivity)
	w.Arrived = time.UnixMicro(arrived)
	if ended > 0 {
		w.Ended = time.UnixMicro(ended)
	}
	return w, err
}

// Last gives the latest signed value of each measurement before the visit, by
// LOINC code.
func (m *Module) Last(ctx context.Context, a store.Actor, patient, except string) (map[string]Measure, error) {
	rows, err := store.List(ctx, m.store.For(a), a.Unit, scanMeasure, `
		select code, patient, encounter, value, unit, at, sensitivity from station_measure
		 where patient = ? and encounter <> ? and final = 1 order by code, at`, patient, except)
	if err != nil {
		return nil, fmt.Errorf("last measurements: %w", err)
	}
	out := map[string]Measure{}
	for _, r := range rows {
		out[r.Code] = r.Measure // the latest wins
	}
	return out, nil
}

type measureRow struct {
	Measure
	patient     string
	sensitivity []string
}

func (r measureRow) Labels() store.Labels {
	return store.Labels{Type: "Observation", Patient: r.patient, Sensitivity: r.sensitivity}
}

func scanMeasure(scan store.Scan) (measureRow, error) {
	var r measureRow
	var at int64
	var sensitivity string
	err := scan(&r.Code, &r.patient, &r.Encounter, &r.Value, &r.Unit, &at, &sensitivity)
	r.At, r.sensitivity = time.UnixMicro(at), strings.Fields(sensitivity)
	return r, err
}
