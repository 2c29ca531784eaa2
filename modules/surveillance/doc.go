// SPDX-License-Identifier: Apache-2.0

// Package surveillance is the reporting of notifiable diseases (giám sát bệnh
// truyền nhiễm): drafts of case reports, the reports themselves, counts, and
// the state of each commune under TT 15/2026/TT-BYT Articles 16 and 22.
//
// Follows Encounter, Condition, Patient, Communication, Observation,
// DiagnosticReport, Specimen, Task and Organization. Writes Condition of category
// case-report with its QuestionnaireResponse (form 01 of QĐ 97/QĐ-PB), Patient
// for whom nobody knows yet, Task case-handover, and Communication of the
// categories case-message (with its answer) and epidemic (forms 01 and 02 of TT
// 15). Owns the view tables surveillance_…: persons and visits as far as cases
// need them, triggers, drafts, cases, reports found apart, counts, results,
// samples, what became of reports, messages, handovers, desks, epidemics.
//
// A draft is no resource. It is a row that follows from signed visits, positive
// laboratory results and conclusions of consultations: one for each person,
// disease and episode (the days of an episode stand in content/surveillance). Correcting the diagnosis
// moves it; nothing is sent but by a person. A case without a visit is entered
// whole: from a form, a line list (package casereport reads it) or a village
// worker's message.
//
// Reports alike are offered, not merged; only the same personal id, disease and
// episode is linked, whichever way the reports came. The leader does so
// ([Module.Link], twins.go): it writes what a linked report knows more into the
// one that stands, and takes back links that lead nowhere or rest on what was
// corrected. What depends on the hour, such as an overdue clock or a month so
// far, is computed when asked, so that a rebuilt view equals the followed one.
//
// Diseases with a sensitivity label (HIV, syphilis …) have no draft, no line
// and no map but at the closed desk of the province (closed.go). Counts are of cases whose
// latest version stands; the number that was seen first is kept beside.
//
// A case counts on the day of its diagnosis (recordedDate), in the commune of
// residence: /ext/unit of the Condition, else the person's, else that of the
// reporting facility; of old units the successor on today's map, of a commune
// that was divided the lowest unit that holds all of it: the province counts it.
//
// Not here: statistical detection, signals, foci. What others compute app hands
// in: how an event was assessed ([Risks]), and of which weeks nothing is known
// ([Silence]).
package surveillance
