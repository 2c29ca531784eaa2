// SPDX-License-Identifier: Apache-2.0

// Package bulletin is what epidemiologists look at and send around: epidemic
// curves, endemic channels, maps, completeness, reproduction numbers, the weekly
// bulletin (bản tin tuần) as page and PDF, exports, and forecasts from outside.
//
// Follows Condition (case reports, and the diagnoses they rest on), Patient,
// Encounter (which communes report), Communication (foci and epidemics) and
// DocumentReference of category forecast. Writes DocumentReference of category
// forecast. Owns the view tables bulletin_…: cases, persons as far as a line
// list shows them, counts by day, what each commune sent in a week, foci,
// forecasts; and the views bulletin_weekly_cases, bulletin_weekly_reporting and
// bulletin_foci, which analysts read by SQL (docs/runbook.md).
//
// Pictures are computed when asked, from counts, by the methods of package
// outbreak: nothing here decides who is told (module detection), and a signal on
// a curve is not an alert. Counts are by day of diagnosis and by day of onset,
// of the newest versions, in the commune of residence on today's map and in all
// units above it.
//
// No case is unknown, not zero, in weeks before a commune was first heard of and
// in those that are over and in which nothing came from one that had sent visits;
// the week under way is as the one before. Module surveillance leaves such weeks
// and months out of the law's lines ([Module.Unheard], handed in by app, as alerts,
// clusters and settings of detection are here). From [content.DetectionRule].SilentWeeks
// on the commune is called silent.
//
// Diseases of the closed desk, and whatever carries a label of sensitivity, are
// in none of the tables. What leaves the health system hides numbers below five,
// and what would tell them by a sum over units of one parent (conceal), unless the
// reader may see the cases themselves (exports, the public edition of the
// bulletin); inside nothing is hidden.
package bulletin
