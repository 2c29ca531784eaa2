// SPDX-License-Identifier: Apache-2.0

// Package indicators computes the figures that govern: it folds the change log
// into cells of (indicator, unit, day) and answers the dashboards of commune,
// province and ministry from them.
//
// Follows: whatever the definitions in content/indicators count. Owns:
// indicators_item (what each resource or person adds) and indicators_cell (the
// sums, for the commune and for every unit above it). Writes no resource.
//
// Not here: thresholds and case reports (surveillance), the registers behind
// the figures (station).
//
// Basis: the list of one hundred of docs content/indicators/SOURCES.md;
// TT 23/2025/TT-BYT for periods: a day runs 00:00–24:00 in Viet Nam, a week
// Monday to Sunday.
package indicators
