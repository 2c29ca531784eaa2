// SPDX-License-Identifier: Apache-2.0

package profile

// spoken reports whether an invariant has words in the catalogue, under
// "invariant.KEY": all of R4 and ours do. A test holds both together.
func spoken(key string) bool { return r4Keys()[key] || ownKeys[key] }

// ownKeys are the keys of the invariants of our own profiles.
var ownKeys = map[string]bool{
	"mach-personal": true, "mach-insurance": true, "mach-name": true, "mach-name-text": true, "mach-unit-code": true,
	"mach-unit-version": true, "mach-ethnic": true, "mach-facility": true, "mach-icd10": true, "mach-vital": true,
	"mach-vaccine": true, "mach-cvx": true,
}

// namesakes are the invariants of R4 whose key another one has too, and the keys
// of their words.
var namesakes = map[string]string{
	"Task inv-1":                    "inv-1-task",
	"TestReport.setup.action inv-1": "inv-1-test",
}
