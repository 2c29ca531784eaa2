// SPDX-License-Identifier: Apache-2.0

package indicators

import (
	"testing"

	"mach/fhir"
	"mach/store"
)

func TestReportFollowsTheDiagnosisItRestsOn(t *testing.T) {
	each(t, func(s scene) {
		d := s.today()
		rests := func(status string) fhir.Condition {
			c := caseReport("c", "p", "v", "A97.0", status, d, s.communes[1])
			c.Evidence = []fhir.ConditionEvidence{{Detail: []fhir.Reference{fhir.Ref("Condition", "cause")}}}
			return c
		}
		counts, none := [4]int64{0, 1, 1, 1}, [4]int64{}
		s.put(s.patient("p", 0, true), visit("v", "p", 0, "finished", d), diagnosis("cause", "p", "v", "A97.0", "confirmed", d))
		s.put(rests("provisional"))
		s.want("reported", "surv.dengue", d.String(), counts)
		s.put(diagnosis("cause", "p", "v", "A97.1", "confirmed", d))
		s.want("the same disease, with warning signs", "surv.dengue", d.String(), counts)
		s.put(diagnosis("cause", "p", "v", "J06.9", "confirmed", d))
		s.want("corrected", "surv.dengue", d.String(), none)
		s.want("corrected", "surv.cases", d.String(), none)
		s.put(diagnosis("cause", "p", "v", "J00", "confirmed", d))
		s.want("corrected again", "surv.dengue", d.String(), none)
		s.put(diagnosis("cause", "p", "v", "A97.0", "confirmed", d))
		s.want("put back", "surv.dengue", d.String(), counts)
		s.put(diagnosis("cause", "p", "v", "J06.9", "confirmed", d))
		s.want("corrected once more", "surv.dengue", d.String(), none)
		s.put(rests("differential"))
		s.want("updated by a person after the correction", "surv.dengue", d.String(), counts)
		s.put(diagnosis("cause", "p", "v", "A97.0", "confirmed", d))
		s.want("a fever that became what was reported", "surv.dengue", d.String(), counts)
		s.put(rests("confirmed"))
		s.put(diagnosis("cause", "p", "v", "B08.4", "confirmed", d))
		s.want("confirmed by a test: rests on no diagnosis", "surv.dengue", d.String(), counts)
		s.put(rests("provisional"))
		s.commit(store.Delete("Condition", "cause"))
		s.want("the diagnosis was deleted", "surv.dengue", d.String(), none)
	})
}
