// SPDX-License-Identifier: Apache-2.0

package profile

import "mach/fhir"

// vitals are the profiles of R4 that an Observation with one of these codes has
// to meet, said so or not (observation-vitalsigns.html). Those of SNOMED CT
// stand for the same, so that the code of LOINC is missed where it is absent.
var vitals = map[string]string{
	"85353-1": "vitalspanel", "9279-1": "resprate", "8867-4": "heartrate", "2708-6": "oxygensat",
	"8310-5": "bodytemp", "8302-2": "bodyheight", "9843-4": "headcircum", "29463-7": "bodyweight",
	"39156-5": "bmi", "85354-9": "bp",
	"86290005": "resprate", "364075005": "heartrate", "386725007": "bodytemp", "276885007": "bodytemp",
	"27113001": "bodyweight", "60621009": "bmi", "75367002": "bp",
}

// implied checks the profiles that the codes of a resource ask for, where they
// are known.
func (c *check) implied(n fhir.Node, info *fhir.TypeInfo) {
	if info.Name != "Observation" || len(c.defs) == 0 {
		return
	}
	for coding := range n.Member("code").Each("coding") {
		if system := coding.Member("system").String(); system != fhir.LOINC && system != fhir.SNOMED {
			continue
		}
		def := c.known(core + vitals[coding.Member("code").String()])
		if def == nil {
			continue
		}
		if !c.claims(n, def.url) {
			c.conform(n, info, def)
		}
		return
	}
}

// claims reports whether a resource names a profile itself.
func (c *check) claims(n fhir.Node, url string) bool {
	for p := range n.Member("meta").Each("profile") {
		if bare(p.String()) == url {
			return true
		}
	}
	return false
}
