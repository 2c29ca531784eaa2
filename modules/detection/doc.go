// SPDX-License-Identifier: Apache-2.0

// Package detection watches every disease in every commune, province and the
// nation, and says who is told (cảnh báo sớm).
//
// Follows Condition (case reports, and the diagnoses they rest on), Patient
// (residence), Encounter (which units report, and for which syndrome people
// come), ServiceRequest (telehealth cases), Communication of categories event
// and alert-answer (among them what the night found, cs/alert-night), Schedule (duty) and PlanDefinition (settings). Writes
// Communication of category alert-answer, Schedule and PlanDefinition. Owns the
// view tables detection_…: persons, causes, cases, a ledger of what every change
// did to the counts, counts by week, which units report, verdicts, what is watched
// and what is due, alerts, answers, steps of events, duty, settings and the rules
// that verdicts name, visits and counts by day of syndromes, nights, clusters.
//
// An alert is no resource. It is a row that follows from the log: one open for
// each disease and unit, to which later reports attach. What people do about it
// is a resource: an answer, never altered. A verdict names the position of the log and
// the settings it rests on; from the ledger it can be computed again for ever
// ([Module.Replay]).
//
// Which rule judges (surveillance of rare and frequent diseases differs):
//
//	immediate  24-hour list, group A, a death: one case is an alert
//	rare       fewer than 5 cases in 4 weeks: linked cases, Bayes above communes
//	frequent   Farrington flexible, weekly, from three years of history on
//	short      fewer years: as many as there are, and beside the province's rate
//	wave       as frequent, and the likelihood ratio for slow rises above
//	           communes; a commune in a wave of its province is shown, not pushed
//
// The tiers, the evidence by which series are compared and who explains whom are
// outbreak's, the same as in a national run.
//
// A case counts in its commune of residence on today's map, on the day of its
// diagnosis, never later than the day it was reported: clocks go wrong. Only
// what is at most back_weeks old raises an alert; history is only counted. A
// week of a unit that had visits before and has neither visit nor case now is
// silent: its count is missing, not zero.
//
// What is heard of one series can change what is to be said of others: visits
// entered late make zeros of silent weeks, a commune with a short history is set
// beside its province, a week begins, settings come into force. Those series are
// judged again by the changes that follow, a few by each, those of late visits
// first; what a case changes for others, and what visits of long ago teach, is
// judged each quarter of an hour (follow_again.go). Then the view says what a run
// from nothing says.
//
// The settings of a disease are those of content, with the numbers of the law
// that the site decided ([content.Law]; others make the view anew) and what people
// decided (/dich/cai-dat): tried on history, proposed by one, approved by another, in
// force from a day to come. The ministry decides for the nation; a province only
// how many false alarms it takes, for there nobody else bears them.
//
// Before a disease has a name there are syndromes: each visit counts for those
// that its reason, its diagnoses or a telehealth case about it speak of, once, in
// the unit of the facility on the day the person came, beside the number of all
// visits. Each day is judged by those on which the unit saw anybody before
// (outbreak.JudgeSyndrome): a day without a visit is silent, not zero. What
// stands out is an alert like others, of less weight; it rests on days until the
// day judged alone, and keeps them, so it can be computed again for ever
// ([Module.ReplaySyndrome]). Every verdict keeps the settings it was found by
// (detection_rule), so that it is computed again whatever becomes of content.
//
// Diseases of the closed desk have nothing here, and what has their labels tells
// of no syndrome.
//
// Each night the leader has judged what is due, computes the whole nation by
// outbreak.Nation and every day of syndromes from the visits, holds that against
// the view and scans diseases for clusters (night.go). What it finds it writes to
// the log, as a Communication of the system; the view takes it from there, so
// that a rebuilt view equals the followed one. What differs is a fault, and is
// judged again; wrong sums build the view anew.
//
// Not here: events and foci (module events), the legal state of a commune
// (module surveillance; app hands it in as [Legal]).
package detection
