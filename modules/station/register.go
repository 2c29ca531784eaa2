// SPDX-License-Identifier: Apache-2.0

package station

import (
	"context"
	"fmt"
	"strings"

	"mach/store"
	"mach/vn"
)

// A1Line is one line of register A1 (sổ khám bệnh, TT 23/2025/TT-BYT annex III).
type A1Line struct {
	Waiting
	Reason, Diagnoses, Treatment, Clinician string
}

// A1 lists the signed visits of a day at the station with its sub-sites, in
// order of arrival.
func (m *Module) A1(ctx context.Context, a store.Actor, day vn.Date) ([]A1Line, error) {
	station := a.Facility
	visits, _, err := store.First(ctx, m.store.For(a), a.Unit, 2000, func(scan store.Scan) (A1Line, error) {
		var l A1Line
		var err error
		l.Waiting, err = scanWaiting(func(dest ...any) error { return scan(append(dest, &l.Reason, &l.Clinician)...) })
		return l, err
	}, `
		select `+personColumns+`, v.encounter, '', '', v.status, v.arrived, v.ended, v.facility, coalesce(s.name, ''), v.station, v.sensitivity,
		       v.reason, v.clinician
		  from station_visit v
		  join station_person p on p.patient = v.patient
		  left join station_place s on s.facility = v.facility
		 where v.station = ? and v.day = ? and v.status = 'finished'
		 order by v.arrived, v.encounter limit ?`, station, int64(day))
	if err != nil {
		return nil, fmt.Errorf("register A1: %w", err)
	}
	lines, err := store.List(ctx, m.store.For(a), a.Unit, scanLine, `
		select l.encounter, l.patient, l.kind, l.code, l.words, v.station, l.sensitivity
		  from station_line l join station_visit v on v.encounter = l.encounter
		 where v.station = ? and v.day = ? and v.status = 'finished' and l.kind in ('diagnosis', 'medicine', 'advice')
		 order by l.encounter, l.kind, l.rank, l.resource`, station, int64(day))
	if err != nil {
		return nil, fmt.Errorf("lines of register A1: %w", err)
	}
	at := make(map[string]*A1Line, len(visits))
	for i := range visits {
		at[visits[i].Encounter] = &visits[i]
	}
	for _, l := range lines {
		v := at[l.encounter]
		switch {
		case v == nil:
		case l.kind == "diagnosis":
			v.Diagnoses = join(v.Diagnoses, l.code+" "+l.words)
		default:
			v.Treatment = join(v.Treatment, l.words)
		}
	}
	return visits, nil
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}

type lineRow struct {
	encounter, patient, kind, code, words, station string
	sensitivity                                    []string
}

// typeOfLine is what a line is judged as.
var typeOfLine = map[string]string{"diagnosis": "Condition", "medicine": "MedicationRequest", "advice": "CarePlan"}

func (l lineRow) Labels() store.Labels {
	return store.Labels{Type: typeOfLine[l.kind], Patient: l.patient, Facility: l.station, Sensitivity: l.sensitivity}
}

func scanLine(scan store.Scan) (lineRow, error) {
	var l lineRow
	var sensitivity string
	err := scan(&l.encounter, &l.patient, &l.kind, &l.code, &l.words, &l.station, &sensitivity)
	l.sensitivity = strings.Fields(sensitivity)
	return l, err
}
