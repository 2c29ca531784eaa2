// SPDX-License-Identifier: Apache-2.0

package station

import (
	"context"
	"fmt"
	"strings"
	"time"

	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/vn"
)

// signalCode is the category of a signal (dấu hiệu, TT 15/2026/TT-BYT Article
// 2): what a village health worker has seen and nobody has verified.
const signalCode = "signal"

// Due is a resident who is asked to come back and has not come since.
type Due struct {
	Person
	Day         vn.Date
	appointment string
	station     string
	sensitivity []string
}

// Labels lets the guard judge the line as the Appointment.
func (d Due) Labels() store.Labels {
	return store.Labels{Type: "Appointment", ID: d.appointment, Patient: d.Patient, Facility: d.station, Unit: d.Unit, Sensitivity: d.sensitivity}
}

// Due lists the residents of the actor's sub-site, or station, who are asked to
// come back between two days, both included, the earliest first. Why they are is
// not told.
func (m *Module) Due(ctx context.Context, a store.Actor, from, to vn.Date) ([]Due, error) {
	where, who := `p.station = ?`, a.Facility
	if a.Site != "" {
		where, who = `p.facility = ?`, a.Site
	}
	rows, err := store.List(ctx, m.store.For(a), a.Unit, func(scan store.Scan) (Due, error) {
		var d Due
		var sensitivity string
		var err error
		d.Person, err = scanPerson(func(dest ...any) error {
			return scan(append(dest, &d.appointment, &d.Day, &d.station, &sensitivity)...)
		})
		_, d.appointment, _ = strings.Cut(d.appointment, "/")
		d.sensitivity = strings.Fields(sensitivity)
		return d, err
	}, `select `+personColumns+`, l.resource, l.day, v.station, l.sensitivity
		  from station_line l
		  join station_visit v on v.encounter = l.encounter
		  join station_person p on p.patient = l.patient
		 where l.kind = 'follow-up' and l.day >= ? and l.day <= ? and v.status = 'finished' and p.station <> '' and `+where+`
		   and not exists (select 1 from station_visit later where later.patient = l.patient and later.arrived > v.arrived
		                      and later.status not in ('cancelled', 'entered-in-error'))
		 order by l.day, p.name_sort, l.resource limit 500`, int64(from), int64(to), who)
	if err != nil {
		return nil, fmt.Errorf("people to remind: %w", err)
	}
	return rows, nil
}

// Signal is what a village health worker has told the station about a resident.
type Signal struct {
	Person
	ID, Words, Sender string
	Sent              time.Time
	Received          time.Time // zero until the station has taken it up
	station           string
	sensitivity       []string
}

// Labels lets the guard judge the line as the Communication.
func (s Signal) Labels() store.Labels {
	return store.Labels{Type: "Communication", ID: s.ID, Patient: s.Patient, Facility: s.station, Unit: s.Unit, Category: signalCode, Sensitivity: s.sensitivity}
}

// Signals lists what was sent to the actor's station since an instant, newest
// first; open ones only, of any age, when open is set.
func (m *Module) Signals(ctx context.Context, a store.Actor, since time.Time, open bool) ([]Signal, error) {
	where, from := `s.sent >= ?`, since.UnixMicro()
	if open {
		where, from = `s.received = 0 and s.sent >= ?`, 0
	}
	rows, err := store.List(ctx, m.store.For(a), a.Unit, func(scan store.Scan) (Signal, error) {
		var s Signal
		var sent, received int64
		var sensitivity string
		var err error
		s.Person, err = scanPerson(func(dest ...any) error {
			return scan(append(dest, &s.ID, &s.Words, &s.Sender, &sent, &received, &s.station, &sensitivity)...)
		})
		if s.Sent = time.UnixMicro(sent); received > 0 {
			s.Received = time.UnixMicro(received)
		}
		s.sensitivity = strings.Fields(sensitivity)
		return s, err
	}, `select `+personColumns+`, s.communication, s.words, s.sender, s.sent, s.received, s.station, s.sensitivity
		  from station_signal s join station_person p on p.patient = s.patient
		 where s.station = ? and `+where+` order by s.sent desc, s.communication limit 100`, a.Facility, from)
	if err != nil {
		return nil, fmt.Errorf("signals: %w", err)
	}
	return rows, nil
}

// Tell sends a signal about a resident to the actor's station.
// Errors: Required ("station.signal.words") at "words"; NotFound for a person
// the actor may not see.
func (m *Module) Tell(ctx context.Context, a store.Actor, patient, key, words string) error {
	if words = strings.TrimSpace(words); words == "" {
		return issue.New(issue.Required, "station.signal.words").At("words")
	}
	doc, err := fhir.New(fhir.Communication{
		Status: "completed", Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, signalCode, "")},
		Subject: fhir.Ref("Patient", patient), Sender: worker(a), Recipient: []fhir.Reference{fhir.Ref("Organization", a.Facility)},
		Sent: fhir.Instant(m.now()), Payload: []fhir.Payload{{ContentString: words}},
	})
	if err != nil {
		return err
	}
	if _, err := m.store.For(a).Read(ctx, "Patient", patient); err != nil {
		return err
	}
	return m.commit(ctx, a, key, []store.Op{store.Create(doc)})
}

// TakeUp says that the station has read a signal and goes after it. Doing it
// again changes nothing.
func (m *Module) TakeUp(ctx context.Context, a store.Actor, id, key string) error {
	doc, err := m.store.For(a).Read(ctx, "Communication", id)
	if err != nil {
		return err
	}
	if doc.Get("category", "coding", "code").String() != signalCode {
		return issue.New(issue.NotFound, "station.signal.none")
	}
	if doc.Get("received").Exists() {
		return nil
	}
	if doc, err = doc.Set("received", fhir.Instant(m.now())); err != nil {
		return err
	}
	if doc, err = doc.Set("recipient[1]", worker(a)); err != nil {
		return err
	}
	return m.commit(ctx, a, key, []store.Op{store.Update(doc, 0)})
}

func applySignal(ctx context.Context, tx store.Tx, c store.Change, now, before *fhir.Doc) error {
	if before != nil {
		if err := tx.Exec(ctx, `delete from station_signal where communication = ?`, c.ID); err != nil {
			return err
		}
	}
	if now == nil || c.Labels.Category != signalCode || now.Get("status").String() == "entered-in-error" {
		return nil
	}
	station, err := stationOf(ctx, tx, fhir.IDOf(now.Get("recipient", "reference").String()))
	if err != nil {
		return err
	}
	return tx.Exec(ctx, `
		insert into station_signal (communication, patient, station, sender, words, sent, received, sensitivity)
		values (?, ?, ?, ?, ?, ?, ?, ?)`,
		c.ID, c.Labels.Patient, station, now.Get("sender", "display").String(), now.Get("payload", "contentString").String(),
		instant(now.Get("sent").String()), instant(now.Get("received").String()), words(c.Labels.Sensitivity))
}
