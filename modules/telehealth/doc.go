// SPDX-License-Identifier: Apache-2.0

// Package telehealth is the consultation at a distance (hội chẩn từ xa): a
// doctor asks a hospital with the record attached, its coordinator accepts and
// names an expert, both may meet in a live room, the expert's conclusion is
// advice, and the treating doctor records whether it is followed, in part, or
// declined with a reason. Advice and decision both stand in the record.
//
// The product is the case, not the call: everything but the room works in
// writing, and nothing is lost when a call is.
//
// Writes ServiceRequest and Task (category consultation), DiagnosticReport (the
// conclusion), Communication (the decision). Follows ServiceRequest, Task,
// Organization, Practitioner, PractitionerRole. Owns the view tables
// telehealth_case, telehealth_step, telehealth_place, telehealth_role,
// telehealth_name.
//
// A Task version is a state with who, when and why:
//
//	asked ─▶ accepted ─▶ live ─▶ concluded ─▶ decided
//	  ├────▶ declined (coordinator, reason)
//	  └────▶ cancelled (a doctor of the facility that asked, reason; until concluded)
//
// The expert may conclude without a room (accepted ─▶ concluded). The store
// derives who sees what and ends it with the case: the hospital's coordinator
// the question, because of ServiceRequest.performer; the record only the expert
// named, because of Task.owner, and who else is invited by name as a performer.
//
// Not here: events with hundreds of points, minutes with signatures (biên bản
// hội chẩn, TT 49/2017/TT-BYT annex I), images, recording, visits with the
// person at home.
package telehealth
