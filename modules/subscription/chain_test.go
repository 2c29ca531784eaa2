// SPDX-License-Identifier: Apache-2.0

package subscription

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"mach/fhir"
	"mach/store"
	"mach/store/storetest"
)

// TestChains: criteria lead from the version that an event tells of to what the
// subscriber may find; criteria that lead too far end the subscription.
func TestChains(t *testing.T) {
	guard := storetest.JudgeFunc(func(a store.Actor, _ store.Action, l store.Labels, _ []store.Relation) store.Decision {
		return store.Decision{Allow: a.Role == store.System || l.Type != "Patient" || l.ID != "hidden", Reason: "test"}
	})
	each(t, guard, func(t *testing.T, w *world) {
		r, far, s := receive(t), receive(t), app()
		person := func(id, gender string) string {
			return fmt.Sprintf(`{"resourceType":"Patient","id":%q,"gender":%q}`, id, gender)
		}
		w.put(s, person("he", "male"), person("she", "female"), person("hidden", "male"))
		var orgs []store.Op
		for i := range 1001 {
			orgs = append(orgs, store.Put(fhir.MustNew(map[string]any{"resourceType": "Organization", "id": fmt.Sprint("o", i), "name": "x", "partOf": map[string]any{"reference": "Organization/root"}})))
		}
		if _, err := w.s.For(s).Commit(context.Background(), orgs...); err != nil {
			t.Fatal(err)
		}
		doctor := storetest.Doctor("tram")
		w.put(doctor, plain("chain", "Observation?subject:Patient.gender=male&code=x", r.URL, "application/fhir+json"),
			plain("has", "Patient?_has:Observation:patient:code=x&gender=female", r.URL, "application/fhir+json"),
			plain("far", "Patient?organization:below=Organization/root", far.URL, "application/fhir+json"))
		w.put(s, observation("o1", "he", "x"), observation("o2", "she", "x"), observation("o3", "hidden", "x"), observation("o4", "he", "y"),
			observation("o5", "he", "x"), observation("o5", "he", "y"), // each version by what it says
			strings.Replace(person("she", "female"), `"gender"`, `"active":true,"gender"`, 1), `{"resourceType":"Patient","id":"other","gender":"female","managingOrganization":{"reference":"Organization/o7"}}`)
		w.quiet()
		var got []string
		for _, one := range r.taken() {
			got = append(got, one.path)
		}
		slices.Sort(got)
		if want := []string{"/Observation/o1", "/Observation/o5", "/Patient/she"}; !slices.Equal(got, want) {
			t.Errorf("told %q, want %q", got, want)
		}
		w.until("the end of what leads too far", func() bool { return w.read("far").Get("status").String() == off })
		if len(far.all()) > 0 {
			t.Error("told without being judged")
		}
	})
}
