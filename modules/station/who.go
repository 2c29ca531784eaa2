// SPDX-License-Identifier: Apache-2.0

package station

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mach/fhir"
	"mach/store"
)

// Who are the health workers behind a visit, each once, in the order of the
// record (QĐ 831/QĐ-BYT 2017: who measured, who wrote). Signed is nobody before
// the signature.
type Who struct{ Measured, Wrote, Signed []Worker }

// Worker is a health worker as the record names them.
type Worker struct{ Practitioner, Name string }

// workers reads from the parts who did what. The attender of a signed visit is
// who signed it, see attended.
func (v Visit) workers() Who {
	var w Who
	for i, p := range slices.Collect(v.parts[0].Each("participant")) {
		if i == 0 && v.Signed() {
			w.Signed = known(w.Signed, p.Get("individual"))
		} else {
			w.Wrote = known(w.Wrote, p.Get("individual"))
		}
	}
	for _, d := range v.parts[1:] {
		switch d.Type() {
		case "Observation":
			for p := range d.Each("performer") {
				w.Measured = known(w.Measured, p)
			}
		case "Condition":
			w.Wrote = known(w.Wrote, d.Get("recorder"))
		case "MedicationRequest":
			w.Wrote = known(w.Wrote, d.Get("requester"))
		case "CarePlan":
			w.Wrote = known(w.Wrote, d.Get("author"))
		}
	}
	return w
}

// known adds whom a reference names.
func known(list []Worker, ref fhir.Node) []Worker {
	id := ref.RefID("Practitioner")
	if id == "" || slices.ContainsFunc(list, func(w Worker) bool { return w.Practitioner == id }) {
		return list
	}
	return append(list, Worker{id, ref.Get("display").String()})
}

// name takes from the directory the names that the record does not hold, as in
// records from elsewhere.
func (m *Module) name(ctx context.Context, a store.Actor, w *Who) error {
	lists := [][]Worker{w.Measured, w.Wrote, w.Signed}
	var unnamed []string
	for _, list := range lists {
		for _, one := range list {
			if one.Name == "" {
				unnamed = append(unnamed, one.Practitioner)
			}
		}
	}
	if len(unnamed) == 0 {
		return nil
	}
	slices.Sort(unnamed)
	page, err := m.store.For(a).Search(ctx, store.Query{Type: "Practitioner", Params: [][2]string{{"_id", strings.Join(slices.Compact(unnamed), ",")}}})
	if err != nil {
		return fmt.Errorf("names of health workers: %w", err)
	}
	for _, d := range page.Docs {
		for _, list := range lists {
			for i := range list {
				if list[i].Practitioner == d.ID() && list[i].Name == "" {
					list[i].Name = fhir.PrintedName(d.Root())
				}
			}
		}
	}
	return nil
}

// listed writes them in one line, those without a name left out.
func listed(list []Worker) string {
	var out []string
	for _, w := range list {
		if w.Name != "" {
			out = append(out, w.Name)
		}
	}
	return strings.Join(out, ", ")
}
