// SPDX-License-Identifier: Apache-2.0

package detection

import "mach/fhir"

const (
	categorySettings = "alert-settings"
	// extSetting is one value of a change of settings, extDecision who decided
	// about it, with the reason.
	extSetting  = fhir.Base + "/ext/alert-setting"
	extDecision = fhir.Base + "/ext/alert-setting-decision"
)

// Decision is what was done with a change of settings.
type Decision string

// The decisions. Another account than the one that proposed approves or
// refuses; what is approved can be taken back until the day before it begins.
const (
	Proposed  Decision = "proposed"
	Approved  Decision = "approved"
	Refused   Decision = "refused"
	TakenBack Decision = "withdrawn"
)
